// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_as_managers_name_them),
		cmocka_unit_test(no_container),
		cmocka_unit_test(a_long_name_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
