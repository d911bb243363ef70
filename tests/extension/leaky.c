// SPDX-License-Identifier: Apache-2.0
/*
 * An extension module with the mistakes that extensions make. Each function works through an inner
 * one, so that a stack has more than one frame of C.
 */
#include <Python.h>

#include <stdlib.h>
#include <string.h>

#define APART __attribute__((noinline, noclone))

/* A row that is counted once too often: nobody holds it, and it never goes. */
APART static PyObject *build_row(long number)
{
	PyObject *row = Py_BuildValue("(lOO)", number, Py_None, Py_None);

	Py_XINCREF(row); /* the mistake */
	return row;
}

static PyObject *forget_decref(PyObject *self, PyObject *argument)
{
	long number = PyLong_AsLong(argument);
	PyObject *row = build_row(number);

	(void)self;
	if (!row)
		return NULL;
	Py_DECREF(row);
	return PyLong_FromLong(number);
}

APART static char *copy_text(size_t size)
{
	char *copy = malloc(size);

	if (copy)
		memset(copy, 'x', size);
	return copy;
}

/* A buffer of that size which nobody frees. */
static PyObject *forget_free(PyObject *self, PyObject *argument)
{
	char *copy = copy_text(PyLong_AsSize_t(argument));

	(void)self;
	return PyBool_FromLong(copy && copy[0]);
}

APART static char *copy_mem(size_t size)
{
	char *copy = PyMem_Malloc(size);

	if (copy)
		memset(copy, 'y', size);
	return copy;
}

static PyObject *forget_mem_free(PyObject *self, PyObject *argument)
{
	char *copy = copy_mem(PyLong_AsSize_t(argument));

	(void)self;
	return PyBool_FromLong(copy && copy[0]);
}

#define BUFFER 30000
#define MOST_BUFFERS 4000

/*
 * Works with so many buffers, and forgets the small result that it made before it freed them. Where
 * malloc() has a hole for it further down it forgets more of them, until it lies above the buffers.
 */
static PyObject *forget_result(PyObject *self, PyObject *argument)
{
	static char *buffers[MOST_BUFFERS];
	size_t count = PyLong_AsSize_t(argument);
	char *highest = NULL;

	(void)self;
	if (count > MOST_BUFFERS) {
		PyErr_SetString(PyExc_ValueError, "that many buffers are not foreseen");
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		buffers[i] = copy_text(BUFFER);
		if (buffers[i] > highest)
			highest = buffers[i];
	}
	while (highest && copy_text(6000) < highest)
		;
	for (size_t i = 0; i < count; i++)
		free(buffers[i]);
	return PyBool_FromLong(highest != NULL);
}

static PyMethodDef methods[] = {
	{ "forget_decref", forget_decref, METH_O, NULL },
	{ "forget_free", forget_free, METH_O, NULL },
	{ "forget_mem_free", forget_mem_free, METH_O, NULL },
	{ "forget_result", forget_result, METH_O, NULL },
	{ NULL, NULL, 0, NULL },
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT, "leaky", NULL, -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_leaky(void);

PyMODINIT_FUNC PyInit_leaky(void)
{
	return PyModule_Create(&definition);
}
