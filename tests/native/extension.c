// SPDX-License-Identifier: Apache-2.0
/*
 * An extension module for any CPython from 3.8 on, without its headers: what is declared here is
 * of the stable ABI (PEP 384). leak(size) keeps a block that it got from nested functions, and
 * call(function, argument) calls back into Python from nested functions.
 */
#include <stddef.h>
#include <stdlib.h>

typedef struct _object PyObject;
typedef PyObject *method(PyObject *self, PyObject *argument);

struct method_def {
	const char *name;
	method *function;
	int flags;
	const char *doc;
};

struct module_def {
	size_t count;
	void *type, *init;
	size_t index;
	void *copy;
	const char *name, *doc;
	size_t size;
	struct method_def *methods;
	void *slots, *traverse, *clear, *free;
};

#define METH_VARARGS 1
#define METH_O 8
#define API_VERSION 1013

size_t PyLong_AsSize_t(PyObject *object);
PyObject *PyLong_FromVoidPtr(void *address);
PyObject *PyObject_CallFunctionObjArgs(PyObject *function, ...);
PyObject *PyModule_Create2(struct module_def *def, int version);
int PyArg_ParseTuple(PyObject *arguments, const char *format, ...);

/* Not inlined, not tail calls, and with frames of different shapes. */
#define APART __attribute__((noinline, noclone, visibility("default")))

APART void *leak_inner(size_t size);
APART void *leak_middle(size_t size, int array);
APART PyObject *leak(PyObject *self, PyObject *argument);
APART PyObject *call_inner(PyObject *function, PyObject *argument);
APART PyObject *call(PyObject *self, PyObject *arguments);
PyObject *PyInit_extension(void);

void *volatile leaked;

void *leak_inner(size_t size)
{
	leaked = malloc(size);
	return leaked;
}

void *leak_middle(size_t size, int array)
{
	volatile char room[array]; /* a frame of a size that only the frame pointer knows */
	void *block;

	room[0] = 1;
	block = leak_inner(size + (size_t)room[0] - 1);
	room[array - 1] = 2;
	return block;
}

PyObject *leak(PyObject *self, PyObject *argument)
{
	void *block = leak_middle(PyLong_AsSize_t(argument), 100);

	(void)self;
	return PyLong_FromVoidPtr(block);
}

PyObject *call_inner(PyObject *function, PyObject *argument)
{
	PyObject *result = PyObject_CallFunctionObjArgs(function, argument, NULL);

	leaked = result;
	return result;
}

PyObject *call(PyObject *self, PyObject *arguments)
{
	PyObject *function, *argument, *result;

	(void)self;
	if (!PyArg_ParseTuple(arguments, "OO", &function, &argument))
		return NULL;
	result = call_inner(function, argument);
	leaked = result;
	return result;
}

static struct method_def methods[] = {
	{ "leak", leak, METH_O, NULL },
	{ "call", call, METH_VARARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

static struct module_def definition = {
	.count = 1,
	.name = "extension",
	.size = (size_t)-1,
	.methods = methods,
};

PyObject *PyInit_extension(void)
{
	return PyModule_Create2(&definition, API_VERSION);
}
