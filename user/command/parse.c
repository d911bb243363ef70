// SPDX-License-Identifier: Apache-2.0
#include "parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TOP_DEFAULT 10
#define KEY_FIRST 256 /* of options without a letter; above every character */

enum { KEY_VERSION = KEY_FIRST + OPTIONS_MAX };

struct parse {
	struct options *o;
	struct err *e;
	const struct command *command; /* NULL while none was typed */
	bool given[OPTIONS_MAX];       /* by row of option_rows */
};

static int key_of(unsigned row)
{
	return option_rows[row].letter ? option_rows[row].letter : KEY_FIRST + (int)row;
}

static int set_command(struct parse *p, const char *word)
{
	p->command = command_by_word(word);
	if (p->command && *word)
		return 0;
	if (*word && strspn(word, "0123456789,") == strlen(word))
		return command_refuse(p->e, "'%s' is not a command; did you mean pyleak -p %s?",
				      word, word);
	return command_refuse(p->e, "'%s' is not a command", word);
}

static int add_word(struct parse *p, char *word)
{
	if (!p->command)
		return set_command(p, word);
	if (!p->command->words_least && !p->command->words_most)
		return command_refuse(p->e, "'%s' behind the command %s is not understood", word,
				      p->command->word);
	p->o->words[p->o->word_count++] = word;
	return 0;
}

/* argp told us only that something was wrong; getopt stopped behind it. */
static int unknown_option(struct parse *p, const struct argp_state *state)
{
	int at = state->next > 1 ? state->next - 1 : 1;

	return command_refuse(p->e, "option '%s' is not known, or lacks its value",
			      at < state->argc ? state->argv[at] : state->argv[state->argc - 1]);
}

static error_t parse_one(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;

	for (unsigned row = 0; option_rows[row].name; row++) {
		if (key_of(row) != key)
			continue;
		p->given[row] = true;
		return -option_take(&option_rows[row], p->o, arg, p->e);
	}
	switch (key) {
	case 'h':
	case KEY_VERSION:
		p->command = key == 'h' ? &command_help : &command_version;
		state->next = state->argc; /* what follows is not looked at */
		return 0;
	case ARGP_KEY_ARG:
		return -add_word(p, arg);
	case ARGP_KEY_ERROR:
		return unknown_option(p, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void command_list_options(struct argp_option *list)
{
	unsigned row;

	for (row = 0; option_rows[row].name; row++) {
		const struct option_row *from = &option_rows[row];

		list[row] = (struct argp_option){ .name = from->name,
						  .key = key_of(row),
						  .arg = from->value,
						  .doc = from->about,
						  .group = (int)from->group };
	}
	list[row++] = (struct argp_option){ .name = "help",
					    .key = 'h',
					    .doc = "print this text",
					    .group = GROUP_HELP };
	list[row] = (struct argp_option){ .name = "version",
					  .key = KEY_VERSION,
					  .doc = "print the version",
					  .group = GROUP_HELP };
}

static bool takes(const struct command *command, const struct option_row *option)
{
	if (option->common)
		return true;
	for (unsigned i = 0; i < COMMAND_OPTIONS_MAX && command->options[i]; i++)
		if (strcmp(command->options[i], option->name) == 0)
			return true;
	return false;
}

/* An option that others take: name one of them. */
static int check_options(const struct parse *p)
{
	for (unsigned row = 0; option_rows[row].name; row++) {
		if (!p->given[row] || takes(p->command, &option_rows[row]))
			continue;
		for (unsigned i = 0; commands[i]; i++)
			if (takes(commands[i], &option_rows[row]))
				return command_refuse(
					p->e, "--%s belongs to %s%s", option_rows[row].name,
					commands[i]->word[0] ? "the command " : "the main job",
					commands[i]->word);
	}
	return 0;
}

static int check_operands(const struct parse *p)
{
	const struct command *c = p->command;
	const struct options *o = p->o;

	if (c->pids == PIDS_NONE && o->pid_count)
		return command_refuse(p->e, "%s looks at no process: -p has no meaning there",
				      c->word);
	if (c->pids >= PIDS_ONE && !o->pid_count)
		return command_refuse(p->e, "no process was named; use -p PID");
	if (c->pids != PIDS_SOME && o->pid_count > 1)
		return command_refuse(p->e, "%s looks at one process at a time", c->word);
	if (o->word_count < c->words_least || (c->words_most && o->word_count > c->words_most))
		return command_refuse(p->e, "it is used as: pyleak %s", c->usage);
	return 0;
}

static int choose_format(const struct parse *p)
{
	struct options *o = p->o;

	if (!o->format && o->output)
		o->format = format_by_suffix(o->output);
	if (!o->format)
		o->format = format_by_name("table");
	if (p->command->prints && !p->command->prints(o->format))
		return command_refuse(p->e, "the format %s has no words for what %s finds",
				      o->format->name, p->command->word);
	return 0;
}

static bool is_given(const struct parse *p, const char *name)
{
	for (unsigned row = 0; option_rows[row].name; row++)
		if (p->given[row] && strcmp(option_rows[row].name, name) == 0)
			return true;
	return false;
}

static int check_whole(struct parse *p)
{
	int rc;

	if (!p->command)
		p->command = &command_leaks;
	if (p->command->all_rows && !is_given(p, "top"))
		p->o->top = 0;
	rc = check_options(p);
	if (!rc)
		rc = check_operands(p);
	if (!rc)
		rc = choose_format(p);
	if (!rc && p->command->check)
		rc = p->command->check(p->o, p->e);
	return rc;
}

int command_parse(const struct command **command, struct options *o, int argc, char **argv,
		  struct err *e)
{
	struct argp_option list[COMMAND_ARGP_OPTIONS] = { 0 };
	const struct argp argp = { .options = list, .parser = parse_one };
	struct parse p = { .o = o, .e = e };
	int rc;

	*o = (struct options){ .top = TOP_DEFAULT,
			       .budget_percent = 1,
			       .by = CENSUS_DEFAULT,
			       .level = LOG_NORMAL };
	*command = NULL;
	o->words = calloc((size_t)argc + 1, sizeof(*o->words));
	if (!o->words)
		return err_set(e, -ENOMEM, EXIT_FAILED, "no memory for the command line");
	command_list_options(list);
	rc = -argp_parse(&argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_EXIT | ARGP_NO_HELP, NULL, &p);
	if (!rc && p.command != &command_help && p.command != &command_version)
		rc = check_whole(&p);
	if (rc == -ENOMEM)
		err_set(e, rc, EXIT_FAILED, "no memory for the command line");
	*command = p.command;
	return rc;
}
