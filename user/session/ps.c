// SPDX-License-Identifier: Apache-2.0
#include "ps.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cpython/runtime.h"
#include "../model/report.h"
#include "../target/container.h"
#include "../target/service.h"
#include "../util/clock.h"
#include "../util/grow.h"
#include "../util/procfs.h"

struct reading {
	int pid;
	int64_t rss;
	uint64_t at;
};

struct readings {
	struct reading *one; /* owned */
	size_t count, cap;
};

int64_t ps_rss(int pid)
{
	char text[128];
	unsigned long long pages;

	if (procfs_read(pid, "statm", text, sizeof(text)) <= 0 ||
	    sscanf(text, "%*u %llu", &pages) != 1)
		return UNKNOWN;
	return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

/* Memory of every process that has any: kernel threads and zombies have none. */
static int read_all(struct readings *r)
{
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir))) {
		int64_t rss;
		int pid;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid = (int)strtol(entry->d_name, NULL, 10);
		rss = ps_rss(pid);
		if (rss == UNKNOWN || rss == 0)
			continue;
		err = grow(&r->one, &r->cap, r->count + 1, sizeof(*r->one));
		if (!err)
			r->one[r->count++] =
				(struct reading){ .pid = pid, .rss = rss, .at = clock_ns() };
	}
	closedir(dir);
	return err;
}

/* Error texts begin with "pid N (comm): "; a row of that process need not say so again. */
static void copy_why(struct process_row *row, const char *text)
{
	const char *behind = strstr(text, ": ");

	if (strncmp(text, "pid ", 4) == 0 && behind && behind < strchr(text, ' ') + 48)
		text = behind + 2;
	snprintf(row->why, sizeof(row->why), "%.255s", text);
}

/* Reports on it are possible: is there anything that they will lack? */
static void judge(struct process_row *row, const struct py_runtime *rt, struct remote *mem)
{
	row->visible = VISIBLE_FULL;
	if (!py_threads_are_ambiguous(rt, mem))
		return;
	row->visible = VISIBLE_PART;
	snprintf(row->why, sizeof(row->why),
		 "it has sub-interpreters, and before 3.13 threads do not say which they run: no "
		 "storing lines");
}

static void fill_runtime(struct process_row *row, const struct py_runtime *rt)
{
	snprintf(row->python, sizeof(row->python), "%s", rt->version);
	snprintf(row->build, sizeof(row->build), "%s", rt->build);
	snprintf(row->build_id, sizeof(row->build_id), "%s", rt->build_id);
}

static void fill_process(struct process_row *row, const struct process *p)
{
	ssize_t threads = process_threads(p, NULL, 0);
	struct service service;

	service_read(&service, p);
	row->start_ticks = p->start_ticks;
	row->threads = threads > 0 ? (int)threads : 0;
	snprintf(row->comm, sizeof(row->comm), "%s", p->comm);
	snprintf(row->service, sizeof(row->service), "%s", service.name);
	snprintf(row->release, sizeof(row->release), "%s", service.release);
	snprintf(row->container, sizeof(row->container), "%s", p->container);
	snprintf(row->pod_uid, sizeof(row->pod_uid), "%s", p->pod);
	pod_name("", p->pod, row->pod, sizeof(row->pod));
}

int ps_look(struct process_row *row, int pid, struct py_images *images)
{
	struct py_runtime rt;
	struct process p;
	struct remote mem;
	struct err e = { 0 };
	int err = process_open(&p, pid, NULL);

	*row = (struct process_row){ .pid = pid,
				     .rss_bytes = UNKNOWN,
				     .rss_bytes_per_second = NAN };
	if (err)
		return err == -EACCES ? -EPERM : err;
	remote_init(&mem, pid);
	err = py_runtime_glance(&rt, &p, &mem, images, &e);
	if (err == -EPERM || err == -EACCES || err == -ESRCH || err == -ENOENT || err == -ENOMEM) {
		process_close(&p);
		return err == -EACCES ? -EPERM : err;
	}
	fill_process(row, &p);
	fill_runtime(row, &rt);
	if (err)
		copy_why(row, e.text);
	else
		judge(row, &rt, &mem);
	process_close(&p);
	return 0;
}

static int look_at_all(struct processes *list, const struct readings *before,
		       struct py_images *images)
{
	int self = getpid();

	for (size_t i = 0; i < before->count; i++) {
		int err = grow(&list->row, &list->cap, list->count + 1, sizeof(*list->row));

		if (err)
			return err;
		if (before->one[i].pid == self)
			continue;
		err = ps_look(&list->row[list->count], before->one[i].pid, images);
		if (err == -ENOMEM)
			return err;
		list->looked_at += err != -ESRCH;
		list->denied += err == -EPERM;
		list->count += err == 0;
	}
	return 0;
}

/* Read the memory of those that are Python again. Rows are in the order of @before. */
static void measure_growth(struct processes *list, const struct readings *before)
{
	size_t at = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct process_row *row = &list->row[i];
		const struct reading *first;

		while (at < before->count && before->one[at].pid != row->pid)
			at++;
		if (at == before->count)
			return;
		first = &before->one[at];
		row->rss_bytes = ps_rss(row->pid);
		if (row->rss_bytes == UNKNOWN)
			continue;
		list->seconds = (double)(clock_ns() - first->at) / 1e9;
		row->rss_bytes_per_second = (double)(row->rss_bytes - first->rss) / list->seconds;
	}
}

int ps_run(struct processes *list, uint64_t interval_ns, struct err *e)
{
	struct py_images *images = py_images_new();
	struct readings before = { 0 };
	uint64_t began = clock_ns(), used;
	int err = images ? read_all(&before) : -ENOMEM;

	*list = (struct processes){ 0 };
	if (!err)
		err = look_at_all(list, &before, images);
	used = clock_ns() - began;
	if (!err && used < interval_ns)
		clock_sleep_ms((unsigned)((interval_ns - used) / 1000000));
	if (!err)
		measure_growth(list, &before);
	processes_sort(list);
	py_images_free(images);
	free(before.one);
	if (err)
		err_set(e, err, EXIT_FAILED, "cannot list the processes: %s", strerror(-err));
	return err;
}
