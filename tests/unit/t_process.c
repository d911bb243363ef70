// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/target/process.h"
#include "../../user/util/procfs.h"

/* A child that waits to be killed. */
static pid_t start_child(void)
{
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "a) b\n(c");
		for (;;)
			pause();
	}
	return child;
}

static void opens_a_child(void **state)
{
	pid_t child = start_child(), tids[4];
	struct err e = { 0 };
	struct process p;
	char exe[512];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	(void)state;
	assert_true(n > 0);
	exe[n] = '\0';
	usleep(20000); /* until it has named itself */
	assert_int_equal(process_open(&p, child, &e), 0);
	assert_int_equal(e.exit, EXIT_DONE);
	assert_int_equal(p.pid, child);
	assert_true(p.ns_pid > 0);
	assert_string_equal(p.comm, "a) b?(c");
	assert_string_equal(p.exe, exe);
	assert_true(p.start_ticks > 0);
	assert_true(process_alive(&p));
	assert_int_equal(process_threads(&p, tids, 4), 1);
	assert_int_equal(tids[0], child);
	assert_true(process_age_seconds(&p) >= 0 && process_age_seconds(&p) < 60);

	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_false(process_alive(&p));
	p.pidfd = (close(p.pidfd), -1); /* as on a kernel without pidfd_open */
	assert_false(process_alive(&p));
	assert_int_equal(process_threads(&p, tids, 4), -ESRCH);
	assert_true(process_cpu_ns(&p) == 0);
	process_close(&p);
}

static void a_reused_pid_is_another_process(void **state)
{
	struct process p;

	(void)state;
	assert_int_equal(process_open(&p, getpid(), NULL), 0);
	p.pidfd = (close(p.pidfd), -1);
	assert_true(process_alive(&p));
	p.start_ticks--;
	assert_false(process_alive(&p));
	process_close(&p);
}

static void a_zombie_is_refused(void **state)
{
	struct err e = { 0 };
	pid_t child = fork();
	siginfo_t ended;
	struct process p;

	(void)state;
	if (child == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT), 0);
	assert_int_equal(process_open(&p, child, &e), -ESRCH);
	assert_int_equal(e.exit, EXIT_TARGET_GONE);
	assert_non_null(strstr(e.text, "zombie"));
	assert_int_equal(p.pidfd, -1);
	waitpid(child, NULL, 0);

	e = (struct err){ 0 };
	assert_int_equal(process_open(&p, child, &e), -ESRCH);
	assert_int_equal(e.exit, EXIT_FAILED);
	assert_non_null(strstr(e.text, "no such process"));
	e = (struct err){ 0 };
	assert_int_equal(process_open(&p, -1, &e), -ESRCH);
	assert_int_equal(e.exit, EXIT_FAILED);
}

static void *wait_for_mutex(void *mutex)
{
	pthread_mutex_lock(mutex);
	pthread_mutex_unlock(mutex);
	return NULL;
}

static void counts_threads_and_refuses_one(void **state)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pid_t few[2] = { 0, 0 }, all[64];
	pthread_t thread[3];
	struct err e = { 0 };
	struct process p, q;
	ssize_t n, seen = 0;

	(void)state;
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, wait_for_mutex, &mutex), 0);
	assert_int_equal(process_open(&p, getpid(), NULL), 0);
	n = process_threads(&p, all, 64);
	assert_true(n >= 4 && n < 64);
	for (ssize_t i = 0; i < n; i++)
		seen += all[i] == getpid();
	assert_int_equal(seen, 1);
	assert_int_equal(process_threads(&p, few, 1), n);
	assert_int_equal(few[1], 0);

	for (ssize_t i = 0; i < n; i++) {
		if (all[i] == getpid())
			continue;
		e = (struct err){ 0 };
		assert_int_equal(process_open(&q, all[i], &e), -EINVAL);
		assert_int_equal(e.exit, EXIT_FAILED);
		assert_non_null(strstr(e.text, "one thread of process"));
	}
	process_close(&p);
	pthread_mutex_unlock(&mutex);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
}

static void cpu_time_grows_with_work(void **state)
{
	struct timespec now;
	uint64_t before, until;
	struct process p;

	(void)state;
	assert_int_equal(process_open(&p, getpid(), NULL), 0);
	before = process_cpu_ns(&p);
	assert_true(before > 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	until = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + 3000000;
	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	while ((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec < until);
	assert_true(process_cpu_ns(&p) - before >= 3000000);
	process_close(&p);
}

static void a_kernel_thread_is_refused(void **state)
{
	char text[1024];
	struct procfs_stat st;
	struct err e = { 0 };
	struct process p;

	(void)state;
	if (procfs_read(2, "stat", text, sizeof(text)) <= 0 || !procfs_stat_parse(text, &st) ||
	    strcmp(st.comm, "kthreadd") != 0)
		skip(); /* in a pid namespace there is none */
	assert_int_equal(process_open(&p, 2, &e), -ENOEXEC);
	assert_int_equal(e.exit, EXIT_NOT_PYTHON);
	assert_non_null(strstr(e.text, "kthreadd"));
}

/* Nobody may look at root's processes. */
static void no_privilege_names_the_capability(void **state)
{
	pid_t child;
	int status;

	(void)state;
	if (geteuid() != 0)
		skip(); /* our parent is ours to look at */
	child = fork();
	if (child == 0) {
		struct err e = { 0 };
		struct process p;

		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(3);
		if (process_open(&p, getppid(), &e) == 0)
			_exit(1);
		_exit(e.exit == EXIT_NOT_PERMITTED && strstr(e.text, "CAP_SYS_PTRACE") ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void stat_of_any_name(void **state)
{
	static const char tail[] = ") S 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 4711 10 11";
	struct procfs_stat st;
	char text[256];

	(void)state;
	snprintf(text, sizeof(text), "12 (x) R 1 (\n\033[31m y%s", tail);
	assert_true(procfs_stat_parse(text, &st));
	assert_string_equal(st.comm, "x) R 1 (??[31m y");
	assert_int_equal(st.state, 'S');
	assert_int_equal(st.flags, 4194560);
	assert_int_equal(st.threads, 9);
	assert_int_equal(st.start_ticks, 4711);
	snprintf(text, sizeof(text), "12 (%.*s%s", 60, "0123456789012345678901234567890123456789",
		 tail);
	assert_true(procfs_stat_parse(text, &st));
	assert_string_equal(st.comm, "0123456789012345678901234567890");
	assert_false(procfs_stat_parse("", &st));
	assert_false(procfs_stat_parse(") (", &st));
	assert_false(procfs_stat_parse("12 (x) R 1 2 3", &st));
}

static void fields_of_status(void **state)
{
	static const char text[] = "Name:\tx\nTgid:\t7\nVmRSS:\t     12 kB\nNSpid:\t7\t1\n";

	(void)state;
	assert_int_equal(strncmp(procfs_field(text, "VmRSS"), "12 kB", 5), 0);
	assert_int_equal(*procfs_field(text, "Tgid"), '7');
	assert_null(procfs_field(text, "RSS"));
	assert_null(procfs_field(text, "VmSwap"));
	assert_null(procfs_field("", "Name"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_a_child),
		cmocka_unit_test(a_reused_pid_is_another_process),
		cmocka_unit_test(a_zombie_is_refused),
		cmocka_unit_test(counts_threads_and_refuses_one),
		cmocka_unit_test(cpu_time_grows_with_work),
		cmocka_unit_test(a_kernel_thread_is_refused),
		cmocka_unit_test(no_privilege_names_the_capability),
		cmocka_unit_test(stat_of_any_name),
		cmocka_unit_test(fields_of_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
