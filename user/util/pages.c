// SPDX-License-Identifier: Apache-2.0
#include "pages.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define LEAST ((size_t)64 << 10)

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Of the mapping behind an array of @cap elements. */
static size_t mapped(size_t cap, size_t size)
{
	return (cap * size + page_size() - 1) & ~(page_size() - 1);
}

int pages_grow(void *array, size_t *cap, size_t need, size_t size)
{
	void **at = (void **)array, *bigger;
	size_t want = *cap + *cap / 2, bytes;

	if (*at && need <= *cap)
		return 0;
	want = want < need ? need : want;
	if (want < LEAST / size)
		want = LEAST / size;
	if (want > (SIZE_MAX / 4) / size)
		return -ENOMEM;
	bytes = mapped(want, size);
	if (*at)
		bigger = mremap(*at, mapped(*cap, size), bytes, MREMAP_MAYMOVE);
	else
		bigger = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (bigger == MAP_FAILED)
		return -ENOMEM;
	/* a huge page would put 2 MiB where a few bytes are touched; kernels without them refuse */
	(void)madvise(bigger, bytes, MADV_NOHUGEPAGE);
	*at = bigger;
	*cap = want;
	return 0;
}

void pages_forget(void *array, size_t bytes)
{
	bytes &= ~(page_size() - 1);
	if (bytes)
		(void)madvise(array, bytes, MADV_DONTNEED); /* without success it costs memory */
}

void pages_free(void *array, size_t *cap, size_t size)
{
	void **at = (void **)array;

	if (*at)
		munmap(*at, mapped(*cap, size));
	*at = NULL;
	*cap = 0;
}
