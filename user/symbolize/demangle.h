// SPDX-License-Identifier: Apache-2.0
/*
 * The readable part of a symbol. Of a C++ symbol that is its qualified name, without the types of
 * its parameters, which would not fit in a line of a stack anyway.
 *
 *	_ZN5torch8autograd6Engine7executeEv	torch::autograd::Engine::execute
 *	_ZNSt6vectorIiSaIiEE9push_backEOi	std::vector<>::push_back
 *
 * Of a C function's name, what the compiler added to tell its copies and parts apart is taken away:
 *
 *	_ctypes_callproc.cold			_ctypes_callproc
 *
 * Itanium C++ ABI, 5.1. One pass, no recursion and no substitutions: the image is hostile, and
 * general demanglers can be made to grow a name of 100 bytes to gigabytes.
 */
#ifndef PYLEAK_SYMBOLIZE_DEMANGLE_H
#define PYLEAK_SYMBOLIZE_DEMANGLE_H

#include <stddef.h>

/*
 * @name into @out of @cap > 0 bytes, always terminated, cut where it does not fit, control
 * characters as '?'. A C++ name that is not understood is copied as it is.
 */
void demangle(const char *name, char *out, size_t cap);

#endif
