// SPDX-License-Identifier: Apache-2.0
/*
 * embed LIBPYTHON PROGRAM: a program whose name says nothing of Python, that runs a Python program
 * in a library it loads.
 */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *library = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL) : NULL;
	int (*run)(FILE * file, const char *name);
	void (*initialize)(void);
	FILE *program;

	if (!library)
		return 1;
	*(void **)&initialize = dlsym(library, "Py_Initialize");
	*(void **)&run = dlsym(library, "PyRun_SimpleFile");
	program = fopen(argv[2], "r");
	if (!initialize || !run || !program)
		return 1;
	initialize();
	return run(program, argv[2]);
}
