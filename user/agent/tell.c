// SPDX-License-Identifier: Apache-2.0
#include "tell.h"

#include <errno.h>
#include <string.h>

#include "../output/format.h"
#include "../output/json_values.h"

void tell_finding(struct agent *a, const struct open_finding *o, bool is_new)
{
	const struct finding *f = &o->finding;
	struct report when = { .started = f->seen };
	json_t *line;
	char *text;

	if (!a->config.output.json)
		return;
	line = json_pack(
		"{s:s, s:o, s:s, s:s, s:b, s:s, s:o, s:o, s:o, s:i, s:o, s:o, s:o, s:o, s:o, "
		"s:o, s:o, s:o, s:o}",
		"event", "finding", "time", value_started(&when), "host", a->host, "id", f->id,
		"new", is_new, "verdict", verdict_name(f->verdict), "confidence",
		value_real(f->confidence), "service", value_text_or_null(f->service), "release",
		value_text_or_null(f->release), "pid", f->pid, "container",
		value_text_or_null(f->container), "pod", value_text_or_null(f->pod), "python",
		value_text_or_null(f->python), "holder", value_text_or_null(f->holder), "type",
		value_text_or_null(f->type), "function", value_text_or_null(f->function), "file",
		value_text_or_null(f->file), "line",
		f->line > 0 ? json_integer(f->line) : json_null(), "growth_bytes_per_second",
		value_real(f->bytes_per_second));
	text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	if (text)
		fprintf(a->out, "%s\n", text);
	fflush(a->out);
	free(text);
	json_decref(line);
}

void tell_profile(struct agent *a, const struct report *r)
{
	char path[640];
	FILE *out;
	int err;

	if (!a->config.output.profiles[0])
		return;
	snprintf(path, sizeof(path), "%s/%lld-%d.pb.gz", a->config.output.profiles,
		 (long long)r->started.tv_sec, r->pid);
	out = fopen(path, "we");
	err = out ? format_by_name("pprof")->leaks(out, r, &(struct format_options){ 0 }) : -errno;
	if (out && fclose(out) != 0 && !err)
		err = -errno;
	if (err)
		log_warn(&a->log, "cannot write %s: %s", path, strerror(-err));
}
