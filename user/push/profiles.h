// SPDX-License-Identifier: Apache-2.0
/*
 * A report as back ends for profiles ask for it: pprof, and whose it is: service, release,
 * container and host.
 */
#ifndef PYLEAK_PUSH_PROFILES_H
#define PYLEAK_PUSH_PROFILES_H

#include <stddef.h>

#include "../model/report.h"

#define PROFILES_QUERY_MAX 1280

/* The profile. 0 with *@data, which the caller frees, or -errno. */
int profiles_pprof(const struct report *r, char **data, size_t *len);

/* Pyroscope: "?name=SERVICE{release=...}&from=...&until=...&format=pprof", behind the URL. */
void profiles_query(const struct report *r, const char *host, char out[PROFILES_QUERY_MAX]);

/*
 * Parca: WriteRawRequest of parca.profilestore.v1alpha1, in the JSON that its HTTP gateway takes,
 * around the profile @pprof. 0 with *@data, which the caller frees, or -ENOMEM.
 */
int profiles_parca(const struct report *r, const char *host, const char *pprof, size_t pprof_len,
		   char **data, size_t *len);

#endif
