// SPDX-License-Identifier: Apache-2.0
/* Text in place of /proc/PID/maps, stat and cgroup. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/target/container.h"
#include "../../user/target/maps.h"
#include "../../user/util/procfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_maps(char *text, size_t size)
{
	FILE *f = fmemopen(text, size, "r");
	struct maps m;

	if (!f)
		return;
	if (maps_parse(&m, f) != 0) {
		if (m.count || m.map)
			abort();
		fclose(f);
		return;
	}
	for (size_t i = 0; i < m.count; i++) {
		if (m.map[i].start >= m.map[i].end || (i && m.map[i - 1].end > m.map[i].start))
			abort();
		if (maps_find(&m, m.map[i].start) != &m.map[i] ||
		    maps_find(&m, m.map[i].end - 1) != &m.map[i])
			abort();
	}
	maps_release(&m);
	fclose(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct procfs_stat st;
	char *text = malloc(size + 1), id[16];

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (size)
		parse_maps(text, size);
	if (procfs_stat_parse(text, &st) && !memchr(st.comm, '\0', sizeof(st.comm)))
		abort();
	container_of_cgroup(text, id, sizeof(id));
	if (!memchr(id, '\0', sizeof(id)))
		abort();
	procfs_field(text, "NSpid");
	free(text);
	return 0;
}
