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

static PyMethodDef methods[] = {
	{ "forget_decref", forget_decref, METH_O, NULL },
	{ "forget_free", forget_free, METH_O, NULL },
	{ "forget_mem_free", forget_mem_free, METH_O, NULL },
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
