// SPDX-License-Identifier: Apache-2.0
/*
 * Names of functions, made readable.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/symbolize/demangle.h"

static void check(const char *name, const char *expected)
{
	char out[128];

	demangle(name, out, sizeof(out));
	assert_string_equal(out, expected);
}

static void names_of_cpp(void **state)
{
	(void)state;
	check("_ZN5torch8autograd6Engine7executeEv", "torch::autograd::Engine::execute");
	check("_ZNSt6vectorIiSaIiEE9push_backEOi", "std::vector<>::push_back");
	check("_ZNK3foo3bar4sizeEv", "foo::bar::size");
	check("_Z4leakm", "leak");
	check("_ZL4leakm", "leak");
	check("_Z3maxIiET_S0_S0_", "max<>");
	check("_ZN3fooC2Ev", "foo::foo");
	check("_ZN3fooD0Ev", "foo::~foo");
	check("_ZN12_GLOBAL__N_14leakEv", "(anonymous)::leak");
	check("_ZNSs6appendEPKc", "std::string::append");
	check("_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE9_M_appendEPKcm",
	      "std::__cxx11::basic_string<>::_M_append");
	check("_ZN8pybind1112cpp_functionC2IZN4demoEvEUlvE_JEEEOT_", "pybind11::cpp_function::"
								     "cpp_function<>");
	check("_ZN1aIZN1bEvEUlvE0_JEE1cEv", "a<>::c");
	check("_ZN1aI1EE1bEv", "a<>::b"); /* the argument is a class E */
	check("_ZN1aIXsr1b1cEE1dEv", "a<>::d");
	check("_ZN1aILi5EE1bEv", "a<>::b");
	check("_ZN1aIFvvEE1bEv", "a<>::b");
}

static void names_of_c(void **state)
{
	(void)state;
	check("malloc", "malloc");
	check("_ctypes_callproc.cold", "_ctypes_callproc");
	check("collect.constprop.0.isra.1", "collect");
	check("collect.part.0.cold", "collect");
	check("main.go", "main.go");
	check("_Z", "_Z");
	check("_ZN", "_ZN");
	check("", "");
	check(".cold", ".cold");
	check("a\nb", "a?b");
}

static void hostile_names_end(void **state)
{
	char name[5000], out[16];

	(void)state;
	memset(name, 'I', sizeof(name));
	memcpy(name, "_ZN1a", 5);
	name[sizeof(name) - 1] = '\0';
	demangle(name, out, sizeof(out));
	assert_string_equal(out, "_ZN1aIIIIIIIIII");
	check("_ZN99999999999999999999aE", "_ZN99999999999999999999aE");
	check("_ZN3fo", "_ZN3fo");
	check("_ZN0E", "_ZN0E");
	check("_ZN1aS", "_ZN1aS");
	check("_ZN1aIS", "_ZN1aIS");
	check("_ZNE", "_ZNE");
	check("_ZN1aIL", "_ZN1aIL");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_cpp),
		cmocka_unit_test(names_of_c),
		cmocka_unit_test(hostile_names_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
