// SPDX-License-Identifier: Apache-2.0
#include "agent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../probe/tracepoint.h"
#include "../util/clock.h"
#include "confine.h"
#include "tell.h"

#define SECOND_NS 1000000000ull
#define MINUTE_NS (60 * SECOND_NS)
#define EVENTS_SCAN_NS (3 * SECOND_NS) /* at most so often, where events were lost */
#define FINDING_FORGOTTEN_SECONDS 900.0 /* after its last process ended */

static void measure_for_scrape(void *arg, struct metrics *m)
{
	agent_measure(arg, m);
}

static int open_push(struct agent *a, struct err *e)
{
	const struct config *c = &a->config;
	const struct push_options o = { .url = { [PUSH_REMOTE_WRITE] = c->push.remote_write,
						 [PUSH_OTLP] = c->push.otlp,
						 [PUSH_PROFILES] = c->push.profiles,
						 [PUSH_PARCA] = c->push.parca },
					.token_file = c->push.token_file,
					.ca_file = c->push.ca_file,
					.host = a->host,
					.buffer_bytes = (size_t)c->push.buffer_kib * 1024 };

	return push_open(&a->push, &o, e);
}

static int open_serve(struct agent *a, struct err *e)
{
	const struct config *c = &a->config;
	const struct serve_options o = { .listen = c->serve.listen,
					 .token_file = c->serve.token_file,
					 .certificate = c->serve.certificate,
					 .key = c->serve.key,
					 .measure = measure_for_scrape,
					 .arg = a };

	return c->serve.listen[0] ? serve_open(&a->serve, &o, e) : 0;
}

/* All that depends on the configuration, which SIGHUP reads anew. */
static int open_outlets(struct agent *a, struct err *e)
{
	const struct config *c = &a->config;
	int err = open_push(a, e);

	if (!err)
		err = open_serve(a, e);
	if (!err && c->history.path[0])
		err = history_open(&a->history, c->history.path, c->history.keep_ns,
				   c->history.most_mib, &a->log, e);
	a->allowance.most = c->look.burst_seconds;
	a->allowance.per_second = c->look.host_percent / 100;
	return err;
}

static void close_outlets(struct agent *a)
{
	push_close(a->push);
	serve_close(a->serve);
	history_close(a->history);
	a->push = NULL;
	a->serve = NULL;
	a->history = NULL;
}

/* A configuration that is wrong changes nothing. */
static int reload(struct agent *a, struct err *e)
{
	struct config fresh;
	struct err why = { 0 };

	if (config_read(&fresh, a->config_path, &why)) {
		log_warn(&a->log, "%s: the configuration stays as it was", why.text);
		return 0;
	}
	close_outlets(a);
	a->config = fresh;
	return open_outlets(a, e);
}

static bool is_looking(const struct agent *a, struct look_place **free_place)
{
	long busy = 0;

	*free_place = NULL;
	for (unsigned i = 0; i < LOOKS_MAX; i++) {
		if (a->look[i].job.child)
			busy++;
		else if (!*free_place)
			*free_place = (struct look_place *)&a->look[i];
	}
	return busy >= a->config.look.concurrent || !*free_place;
}

static void start_looks(struct agent *a)
{
	struct look_place *place;
	uint64_t now = clock_ns();

	while (!is_looking(a, &place)) {
		struct watched *w = roster_next(&a->roster, now);

		if (!w)
			return;
		if (!allowance_is_left(&a->allowance, now)) {
			a->counts.looks_refused++;
			return;
		}
		if (look_start(&place->job, w->row.pid, &a->config))
			return;
		turn_begin(&w->turn);
		place->group = w->turn.group;
		snprintf(place->pod, sizeof(place->pod), "%s",
			 w->row.pod[0] ? w->row.pod : w->row.pod_uid);
		log_detail(&a->log, "looking at pid %d (%s), growing by %.1f KiB/s%s", w->row.pid,
			   w->row.service, w->turn.rate / 1024,
			   w->turn.descriptors ? " and in descriptors" : "");
	}
}

/* Is it worth telling? Growth whose verdict says that it is none is not. */
static bool is_finding(const struct candidate *c)
{
	return c->verdict == VERDICT_LEAK || c->verdict == VERDICT_NATIVE ||
	       c->verdict == VERDICT_REFCOUNT || c->verdict == VERDICT_RESOURCE;
}

static enum look_result enter(struct agent *a, struct look_place *place, struct report *r)
{
	enum look_result result = LOOK_NOTHING;

	for (uint32_t i = 0; i < r->count; i++) {
		struct open_finding *at;
		struct finding f;
		double rate;
		int added;

		if (!is_finding(&r->candidates[i]))
			continue;
		finding_of(&f, r, &r->candidates[i], a->config.values);
		snprintf(f.pod, sizeof(f.pod), "%s", place->pod);
		added = findings_add(&a->findings, &f, place->group->key, &at);
		if (added < 0)
			continue;
		if (result != LOOK_NEW)
			result = added ? LOOK_NEW : LOOK_KNOWN;
		history_add_finding(a->history, &at->finding,
				    roster_growing(&a->roster, place->group, &rate));
		tell_finding(a, at, added);
	}
	return result;
}

static enum look_result judge(struct agent *a, struct look_place *place, struct look_outcome *out)
{
	enum look_result result;

	if (out->rc) {
		log_detail(&a->log, "%s", out->why.text);
		return LOOK_FAILED;
	}
	result = enter(a, place, &out->report);
	if (result == LOOK_NOTHING)
		return result;
	if (!a->config.values)
		finding_hide_values(&out->report);
	push_profile(a->push, &out->report);
	tell_profile(a, &out->report);
	return result;
}

static void keep_pauses(struct agent *a, const struct look_place *place,
			const struct look_outcome *out)
{
	const struct report *r = &out->report;

	if (out->rc || out->pauses.seconds <= 0)
		return;
	history_add_pauses(a->history, &(struct pauses_row){ .time = (int64_t)time(NULL),
							     .service = r->service,
							     .release = r->release,
							     .container = r->container,
							     .pod = place->pod,
							     .pid = r->pid,
							     .sum = &out->pauses });
}

static void finish_look(struct agent *a, struct look_place *place, struct look_outcome *out)
{
	enum look_result result = judge(a, place, out);
	struct watched *w = roster_find(&a->roster, out->pid);

	keep_pauses(a, place, out);
	a->counts.looks++;
	a->counts.looks_new += result == LOOK_NEW;
	a->counts.looks_nothing += result == LOOK_NOTHING;
	a->counts.looks_failed += result == LOOK_FAILED;
	a->counts.look_cpu_seconds += out->cpu_seconds;
	if (out->rss_peak_bytes > a->counts.look_rss_peak_bytes)
		a->counts.look_rss_peak_bytes = out->rss_peak_bytes;
	allowance_use(&a->allowance, out->cpu_seconds);
	if (w && w->turn.group == place->group)
		turn_end(&w->turn, result, clock_ns(), a->config.look.again_ns,
			 a->config.look.again_most_ns);
	place->group->looking = false;
	place->group = NULL;
	report_release(&out->report);
}

static void collect_looks(struct agent *a)
{
	for (unsigned i = 0; i < LOOKS_MAX; i++) {
		struct look_outcome out;

		if (a->look[i].job.child && look_collect(&a->look[i].job, &out))
			finish_look(a, &a->look[i], &out);
	}
}

/* Its look, if there is one, ends by itself; this is for one that does not. */
static void target_ended(void *arg, int pid)
{
	struct agent *a = arg;

	for (unsigned i = 0; i < LOOKS_MAX; i++)
		if (a->look[i].job.child && a->look[i].job.pid == pid)
			look_hurry(&a->look[i].job);
}

static bool group_lives(void *arg, uint64_t group)
{
	const struct agent *a = arg;

	for (size_t i = 0; i < a->roster.count; i++)
		if (a->roster.watched[i]->turn.group->key == group)
			return true;
	return false;
}

static void keep_memory(struct agent *a)
{
	for (size_t i = 0; i < a->roster.groups; i++) {
		const struct watched *one = NULL;
		double bytes = 0, rate;
		unsigned count = roster_growing(&a->roster, a->roster.group[i], &rate);

		for (size_t k = 0; count && k < a->roster.count; k++) {
			const struct watched *w = a->roster.watched[k];

			if (w->turn.group != a->roster.group[i] || w->turn.rate <= 0)
				continue;
			one = w;
			bytes += (double)w->anonymous_bytes;
		}
		if (one)
			history_add_memory(a->history,
					   &(struct memory_row){ .time = (int64_t)time(NULL),
								 .service = one->row.service,
								 .release = one->row.release,
								 .pod = one->row.pod,
								 .processes = count,
								 .bytes = bytes,
								 .bytes_per_second = rate });
	}
}

/* @at is when it was done last; due again after @every. */
static bool is_due(uint64_t *at, uint64_t every, uint64_t now)
{
	if (*at && now < *at + every)
		return false;
	*at = now;
	return true;
}

static void tick(struct agent *a)
{
	const struct config *c = &a->config;
	uint64_t now = clock_ns();
	struct timespec wall;

	if (events_run(&a->events, now, target_ended, a) && now > a->scanned_ns + EVENTS_SCAN_NS)
		a->scanned_ns = 0;
	if (is_due(&a->scanned_ns, c->watch.scan_ns, now) && roster_scan(&a->roster) > 0)
		a->scanned_ns = 0; /* go on at once */
	if (is_due(&a->measured_ns, c->watch.interval_ns, now))
		roster_measure(&a->roster, (double)c->watch.interval_ns / 1e9);
	start_looks(a);
	if (is_due(&a->pushed_ns, c->push.interval_ns, now)) {
		struct metrics m;

		agent_measure(a, &m);
		push_metrics(a->push, &m);
		metrics_release(&m);
	}
	if (!is_due(&a->trimmed_ns, MINUTE_NS, now))
		return;
	keep_memory(a);
	history_trim(a->history);
	clock_gettime(CLOCK_REALTIME, &wall);
	findings_forget(&a->findings, &wall, FINDING_FORGOTTEN_SECONDS, group_lives, a);
}

static int wait_ms(const struct agent *a)
{
	uint64_t now = clock_ns(), due = a->measured_ns + a->config.watch.interval_ns;
	uint64_t events = events_due(&a->events, now);

	if (events < due)
		due = events;
	return due > now && a->scanned_ns ? (int)((due - now) / 1000000 + 1) : 0;
}

/* 1: go on; 0: end; -errno. */
static int take_signals(struct agent *a, int fd, struct err *e)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		int err;

		if (info.ssi_signo != SIGHUP)
			return 0;
		err = reload(a, e);
		if (err)
			return err;
	}
	return 1;
}

static int loop(struct agent *a, int signals, struct err *e)
{
	int go_on;

	do {
		int fds[LOOKS_MAX + 3] = { signals, serve_fd(a->serve) };

		tick(a);
		for (unsigned i = 0; i < LOOKS_MAX; i++)
			fds[2 + i] = a->look[i].job.child ? a->look[i].job.fd : -1;
		fds[LOOKS_MAX + 2] = events_fd(&a->events, clock_ns());
		push_wait(a->push, fds, LOOKS_MAX + 3, wait_ms(a));
		serve_run(a->serve);
		collect_looks(a);
		go_on = take_signals(a, signals, e);
	} while (go_on > 0);
	return go_on;
}

static int catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int run(struct agent *a, int signals, struct err *e)
{
	int err = config_read(&a->config, a->config_path, e);

	if (!err)
		err = roster_open(&a->roster);
	if (!err)
		err = open_outlets(a, e);
	if (!err)
		events_open(&a->events, &a->roster, &a->log);
	if (!err && tracefs_keep() < 0)
		log_detail(&a->log, "no tracefs: looks find no lines that open descriptors");
	if (!err)
		err = confine(&a->log, a->config.look.collections, e);
	if (!err)
		err = loop(a, signals, e);
	for (unsigned i = 0; i < LOOKS_MAX; i++)
		look_abandon(&a->look[i].job);
	close_outlets(a);
	findings_release(&a->findings);
	events_close(&a->events);
	roster_close(&a->roster);
	return err;
}

int agent_run(const char *config_path, FILE *out, enum log_level level, struct err *e)
{
	struct agent *a = calloc(1, sizeof(*a));
	int signals = catch_signals(), err;

	if (!a || signals < 0) {
		err = err_set(e, -ENOMEM, EXIT_FAILED, "the agent cannot start");
	} else {
		a->config_path = config_path;
		a->out = out;
		log_init(&a->log, stderr, level);
		clock_gettime(CLOCK_REALTIME, &a->started);
		gethostname(a->host, sizeof(a->host) - 1);
		err = run(a, signals, e);
	}
	if (signals >= 0)
		close(signals);
	free(a);
	return err;
}

int agent_check_config(const char *config_path, FILE *out, struct err *e)
{
	struct config c;
	int err = config_read(&c, config_path, e);

	if (!err)
		config_print(&c, out);
	return err;
}
