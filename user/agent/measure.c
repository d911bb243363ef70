// SPDX-License-Identifier: Apache-2.0
/*
 * What the agent exports. The number of series is bounded: PROCESSES_SHOWN growing processes,
 * FINDINGS_SHOWN findings, and the agent's own numbers; none of their labels is a pid that would
 * make a new series with every restart, but for growing processes, which are few.
 */
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../util/clock.h"
#include "../util/procfs.h"
#include "agent.h"

#define FINDINGS_SHOWN 100
#define GROUPS_SHOWN 500

static const struct metric_family processes = { "pyleak_processes",
						"Python processes that are watched.", false };
static const struct metric_family growing = { "pyleak_processes_growing",
					      "Those of them whose memory grows.", false };
static const struct metric_family service_memory = {
	"pyleak_service_anonymous_bytes",
	"Resident memory without files of a service's processes that grow.", false
};
static const struct metric_family service_growth = {
	"pyleak_service_growth_bytes_per_second",
	"Growth of that memory, of a service's processes that grow together.", false
};
static const struct metric_family service_left = {
	"pyleak_service_limit_seconds",
	"Seconds until its memory limit kills a process of the service, at this growth.", false
};
static const struct metric_family finding_growth = {
	"pyleak_finding_growth_bytes_per_second",
	"Growth under one holder, as the last look at one process saw it.", false
};
static const struct metric_family finding_processes = {
	"pyleak_finding_processes", "Processes of the finding's service that grow.", false
};
static const struct metric_family finding_first = { "pyleak_finding_first_seen_timestamp_seconds",
						    "When the finding was seen first.", false };
static const struct metric_family finding_last = { "pyleak_finding_last_seen_timestamp_seconds",
						   "When the finding was seen last.", false };
static const struct metric_family looks = { "pyleak_looks_total",
					    "Looks at processes by what came of them.", true };
static const struct metric_family look_cpu = { "pyleak_look_cpu_seconds_total",
					       "Processor time that looks took.", true };
static const struct metric_family own_cpu = { "pyleak_agent_cpu_seconds_total",
					      "Processor time of the agent without its looks.",
					      true };
static const struct metric_family own_memory = { "pyleak_agent_resident_bytes",
						 "Resident memory of the agent.", false };
static const struct metric_family lost = { "pyleak_lost_total",
					   "What was given up, by what it was.", true };

static double own_rss(void)
{
	char text[128];
	unsigned long long pages;

	if (procfs_read(getpid(), "statm", text, sizeof(text)) <= 0 ||
	    sscanf(text, "%*u %llu", &pages) != 1)
		return 0;
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double seconds(const struct timespec *t)
{
	return (double)t->tv_sec + (double)t->tv_nsec / 1e9;
}

static const struct metric_family history_ok = {
	"pyleak_history_ok", "1: the last row of the history was written; 0: it was lost.", false
};

struct service_sum {
	const struct watched *one;
	double bytes, rate, left;
};

/* Sum up a group: -1 where nobody of it grows. */
static bool sum_up(const struct roster *r, const struct turn_group *g, struct service_sum *sum)
{
	*sum = (struct service_sum){ .left = -1 };
	for (size_t i = 0; i < r->count; i++) {
		const struct watched *w = r->watched[i];

		if (w->turn.group != g || w->turn.rate <= 0)
			continue;
		sum->one = w;
		sum->bytes += (double)w->anonymous_bytes;
		sum->rate += w->turn.rate;
	}
	if (sum->one && sum->one->limit_bytes != UNKNOWN && sum->one->limit_used != UNKNOWN)
		sum->left = (double)(sum->one->limit_bytes - sum->one->limit_used) / sum->rate;
	return sum->one;
}

/* Of a family at a time: the text format wants them together. */
static void add_services(const struct agent *a, struct metrics *m,
			 const struct metric_family *family)
{
	size_t shown = 0;

	for (size_t i = 0; i < a->roster.groups && shown < GROUPS_SHOWN; i++) {
		const struct process_row *row;
		struct service_sum sum;
		double value;

		if (!sum_up(&a->roster, a->roster.group[i], &sum))
			continue;
		shown++;
		row = &sum.one->row;
		value = family == &service_memory   ? sum.bytes
			: family == &service_growth ? sum.rate
						    : sum.left;
		if (value < 0)
			continue;
		metrics_add(m, family, value, "service", row->service, "release", row->release,
			    "container", row->container, "pod", row->pod, METRIC_LABELS_END);
	}
}

static double finding_value(const struct agent *a, const struct metric_family *family,
			    const struct open_finding *f)
{
	if (family == &finding_growth)
		return f->finding.bytes_per_second;
	if (family == &finding_first)
		return seconds(&f->first_seen);
	if (family == &finding_last)
		return seconds(&f->finding.seen);
	for (size_t i = 0; i < a->roster.groups; i++) {
		double rate;

		if (a->roster.group[i]->key == f->group)
			return roster_growing(&a->roster, a->roster.group[i], &rate);
	}
	return 0;
}

static void add_findings(const struct agent *a, struct metrics *m,
			 const struct metric_family *family)
{
	for (size_t i = 0; i < a->findings.count && i < FINDINGS_SHOWN; i++) {
		const struct open_finding *o = &a->findings.open[i];
		const struct finding *f = &o->finding;

		metrics_add(m, family, finding_value(a, family, o), "finding", f->id, "verdict",
			    verdict_name(f->verdict), "service", f->service, "release", f->release,
			    "container", f->container, "pod", f->pod, "function", f->function,
			    "file", finding_file(f->file), "holder", f->holder, "type", f->type,
			    METRIC_LABELS_END);
	}
}

static void add_history(const struct agent *a, struct metrics *m)
{
	if (a->history)
		metrics_add(m, &history_ok, history_fails(a->history) ? 0 : 1, METRIC_LABELS_END);
}

static void add_own(const struct agent *a, struct metrics *m)
{
	const struct agent_counts *c = &a->counts;
	struct push_counts pushed;

	metrics_add(m, &looks, (double)c->looks_new, "result", "new", METRIC_LABELS_END);
	metrics_add(m, &looks,
		    (double)(c->looks - c->looks_new - c->looks_nothing - c->looks_failed),
		    "result", "known", METRIC_LABELS_END);
	metrics_add(m, &looks, (double)c->looks_nothing, "result", "nothing", METRIC_LABELS_END);
	metrics_add(m, &looks, (double)c->looks_failed, "result", "failed", METRIC_LABELS_END);
	metrics_add(m, &look_cpu, c->look_cpu_seconds, METRIC_LABELS_END);
	metrics_add(m, &own_cpu, (double)clock_cpu_ns() / 1e9, METRIC_LABELS_END);
	metrics_add(m, &own_memory, own_rss(), METRIC_LABELS_END);
	metrics_add(m, &lost, (double)a->roster.refused, "what", "processes", METRIC_LABELS_END);
	metrics_add(m, &lost, (double)a->findings.dropped, "what", "findings", METRIC_LABELS_END);
	metrics_add(m, &lost, (double)history_lost(a->history), "what", "history",
		    METRIC_LABELS_END);
	push_count(a->push, &pushed);
	metrics_add(m, &lost, (double)pushed.lost[PUSH_REMOTE_WRITE], "what", "remote_write",
		    METRIC_LABELS_END);
	metrics_add(m, &lost, (double)pushed.lost[PUSH_OTLP], "what", "otlp", METRIC_LABELS_END);
	metrics_add(m, &lost, (double)pushed.lost[PUSH_PARCA], "what", "parca", METRIC_LABELS_END);
	metrics_add(m, &lost, (double)pushed.lost[PUSH_PROFILES], "what", "profiles",
		    METRIC_LABELS_END);
}

void agent_measure(const struct agent *a, struct metrics *m)
{
	struct timespec now;
	size_t grow = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	*m = (struct metrics){ .time_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
			       .start_ms = (int64_t)a->started.tv_sec * 1000,
			       .host = a->host };
	for (size_t i = 0; i < a->roster.count; i++)
		grow += turn_grows(&a->roster.watched[i]->turn);
	metrics_add(m, &processes, (double)a->roster.count, METRIC_LABELS_END);
	metrics_add(m, &growing, (double)grow, METRIC_LABELS_END);
	add_services(a, m, &service_memory);
	add_services(a, m, &service_growth);
	add_services(a, m, &service_left);
	add_findings(a, m, &finding_growth);
	add_findings(a, m, &finding_processes);
	add_findings(a, m, &finding_first);
	add_findings(a, m, &finding_last);
	add_own(a, m);
	add_history(a, m);
}
