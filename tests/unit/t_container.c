// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/target/container.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static void ids_as_managers_name_them(void **state)
{
	static const struct {
		const char *cgroup, *id;
	} cases[] = {
		{ "0::/system.slice/docker-" ID ".scope\n", ID },
		{ "12:cpu:/docker/" ID "\n11:memory:/docker/" ID
		  "\n0::/system.slice/containerd.service\n",
		  ID },
		{ "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0f0f.slice/"
		  "cri-containerd-" ID ".scope\n",
		  ID },
		{ "0::/kubepods/besteffort/pod1234-5678/" ID "\n", ID },
		{ "0::/machine.slice/libpod-" ID ".scope/container\n", ID },
		{ "0::/kubepods.slice/crio-" ID ".scope\n", ID },
		{ "0::/docker/" OTHER "/docker/" ID "/init\n", ID },
		{ "0::/machine.slice/systemd-nspawn@build\\x2dhost.service/payload\n",
		  "build-host" },
		{ "0::/machine.slice/machine-web1.scope\n", "web1" },
		{ "0::/lxc.payload.mail/init.scope\n", "mail" },
		{ "10:cpu:/lxc/mail/sub\n", "mail" },
		{ "1:name=systemd:/machine.slice/machine-web1.scope\n0::/docker/" ID "\n", ID },
	};
	char out[80];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		container_of_cgroup(cases[i].cgroup, out, sizeof(out));
		assert_string_equal(out, cases[i].id);
	}
}

static void no_container(void **state)
{
	static const char *const none[] = {
		"0::/user.slice/user-1000.slice/session-2.scope\n",
		"0::/\n",
		"",
		"\n\n",
		"0::/x/" ID "0\n",			     /* 65 digits */
		"0::/machine.slice/systemd-nspawn@.service", /* no name */
		"0::/machine.slice/machine-web1",	     /* no scope */
	};
	char out[80];

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		strcpy(out, "stale");
		container_of_cgroup(none[i], out, sizeof(out));
		assert_string_equal(out, "");
	}
}

static void a_long_name_is_cut(void **state)
{
	char text[300] = "0::/lxc/", out[8];

	(void)state;
	memset(text + 8, 'n', sizeof(text) - 9);
	container_of_cgroup(text, out, sizeof(out));
	assert_string_equal(out, "nnnnnnn");
}

static void pods_as_the_kubelet_names_them(void **state)
{
	static const struct {
		const char *cgroup, *uid;
	} cases[] = {
		{ "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-"
		  "pod0f0f0f0f_1111_2222_3333_444444444444.slice/cri-containerd-" ID ".scope\n",
		  "0f0f0f0f-1111-2222-3333-444444444444" },
		{ "3:memory:/kubepods/besteffort/pod0f0f0f0f-1111-2222-3333-444444444444/" ID "\n",
		  "0f0f0f0f-1111-2222-3333-444444444444" },
		{ "0::/kubepods/pod0123456789abcdef0123456789abcdef/" ID "\n",
		  "0123456789abcdef0123456789abcdef" },
		{ "0::/machine.slice/libpod-" ID ".scope\n", "" },
		{ "0::/kubepods/podcafe/" ID "\n", "" },
		{ "0::/\n", "" },
	};
	char out[40];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pod_of_cgroup(cases[i].cgroup, out, sizeof(out));
		assert_string_equal(out, cases[i].uid);
	}
}

static void a_pod_is_named_by_its_logs(void **state)
{
	char root[] = "/tmp/pyleak-pods-XX" "XX" "XX", path[128], out[160];
	static const char *const parts[] = { "/var", "/var/log", "/var/log/pods",
					     "/var/log/pods/shop_web-6d4c-x2x_0f0f-11",
					     "/var/log/pods/shop_db_0f0f-12" };

	(void)state;
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, parts[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	pod_name(root, "0f0f-11", out, sizeof(out));
	assert_string_equal(out, "shop/web-6d4c-x2x");
	pod_name(root, "f0f-11", out, sizeof(out));
	assert_string_equal(out, "");
	pod_name(root, "", out, sizeof(out));
	assert_string_equal(out, "");
	for (size_t i = sizeof(parts) / sizeof(parts[0]); i--;) {
		snprintf(path, sizeof(path), "%s%s", root, parts[i]);
		rmdir(path);
	}
	assert_int_equal(rmdir(root), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_as_managers_name_them),
		cmocka_unit_test(no_container),
		cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(pods_as_the_kubelet_names_them),
		cmocka_unit_test(a_pod_is_named_by_its_logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
