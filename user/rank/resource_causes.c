// SPDX-License-Identifier: Apache-2.0
#include "resource_causes.h"

#include <stdio.h>
#include <string.h>

#define DESCRIPTORS ((1u << RESOURCE_THREAD) - 1)
#define KIND(k) (1u << (k))

/* What is NULL need not be there. */
struct usual {
	unsigned kinds;
	const char *file;  /* in a file's name on the stack */
	const char *chain; /* in the name of a type that holds it, or of its own */
	const char *what;  /* in what it is */
	const char *cause, *advice;
};

/* The first that fits: special cases first. */
static const struct usual usual[] = {
	{ DESCRIPTORS, NULL, "generator", NULL,
	  "a generator that was not run to its end holds it open",
	  "close() the generator, or open outside of it and pass in what is open" },
	{ DESCRIPTORS, NULL, "Popen", NULL,
	  "Popen objects are kept with their pipes open",
	  "use `with subprocess.Popen(...)`, or communicate(); wait() alone closes no pipe" },
	{ DESCRIPTORS, "/subprocess.py", NULL, NULL,
	  "pipes of child processes are not closed",
	  "use `with subprocess.Popen(...)`, or communicate(); wait() alone closes no pipe" },
	{ KIND(RESOURCE_THREAD), "/concurrent/futures/thread.py", NULL, NULL,
	  "ThreadPoolExecutors that are not shut down",
	  "use `with ThreadPoolExecutor(...)`, or make one and share it" },
	{ KIND(RESOURCE_THREAD), "/multiprocessing/pool.py", NULL, NULL,
	  "pools of multiprocessing that are not closed", "close() and join() them" },
	{ KIND(RESOURCE_THREAD), NULL, "threading.Timer", NULL,
	  "Timers that wait for their time", "cancel() what is not needed any more" },
	{ DESCRIPTORS, "/sqlalchemy/pool/", NULL, NULL,
	  "connections that are not given back to their pool",
	  "use `with engine.connect() as connection:`" },
	{ DESCRIPTORS, "/urllib3/", NULL, NULL,
	  "HTTP sessions or responses that are not closed",
	  "make one session and share it, or use it in a `with`; read or close responses" },
	{ DESCRIPTORS, "/aiohttp/", NULL, NULL, "HTTP sessions that are not closed",
	  "use `async with aiohttp.ClientSession()`" },
	{ DESCRIPTORS, "/urllib/request.py", NULL, NULL, "responses that are not closed",
	  "use `with urlopen(...) as response:`" },
	{ DESCRIPTORS, "/http/client.py", NULL, NULL, "HTTP connections that are not closed",
	  "close() the connection, or make one and share it" },
	{ DESCRIPTORS, NULL, "Cursor", NULL,
	  "cursors that are not closed keep their connections open",
	  "close() the cursor and its connection, or use contextlib.closing()" },
	{ DESCRIPTORS, NULL, "onnection", NULL,
	  "connections that are not closed, or not given back to their pool",
	  "close() them; a `with` of sqlite3 or psycopg2 ends a transaction, not the connection" },
	{ KIND(RESOURCE_FILE), "/sqlite3/", NULL, NULL, "connections that are not closed",
	  "close() them; `with connection:` ends a transaction, not the connection" },
	{ DESCRIPTORS, "/tempfile.py", NULL, NULL, "temporary files that are not closed",
	  "use them in a `with`; mkstemp() returns a descriptor that must be closed" },
	{ DESCRIPTORS, "/selectors.py", NULL, NULL, "selectors that are not closed",
	  "close() them; those of event loops go with loop.close()" },
	{ DESCRIPTORS, "/asyncio/", NULL, NULL, "event loops or transports that are not closed",
	  "close() them, or use asyncio.run()" },
	{ KIND(RESOURCE_SOCKET), NULL, NULL, "CLOSE_WAIT",
	  "the other side has closed, this one has not",
	  "close() a socket when recv() answers that nothing more comes" },
	{ KIND(RESOURCE_MAPPING), NULL, NULL, NULL, "mmap objects that are not closed",
	  "use `with mmap.mmap(...)`" },
	/* of a file they have a descriptor too */
	{ DESCRIPTORS, NULL, "mmap.mmap", NULL, "mmap objects that are not closed",
	  "use `with mmap.mmap(...)`" },
	{ KIND(RESOURCE_FILE), NULL, "_io.FileIO", NULL, "files that are not closed",
	  "use `with open(...)`" },
};

static bool on_stack(const struct stack *s, const char *file)
{
	for (uint32_t i = 0; i < s->depth && i < REPORT_STACK_MAX; i++)
		if (strstr(s->frame[i].file, file))
			return true;
	return false;
}

static bool fits(const struct usual *u, const struct resource_row *row)
{
	bool what = !u->what;

	for (uint32_t i = 0; i < row->what_count && !what; i++)
		what = strstr(row->what[i].text, u->what) != NULL;
	return what && u->kinds & KIND(row->kind) &&
	       (!u->file || on_stack(&row->about.stack, u->file)) &&
	       (!u->chain || strstr(row->chain, u->chain));
}

void resource_explain(struct resource_row *row)
{
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		if (!fits(&usual[i], row))
			continue;
		snprintf(row->about.cause, sizeof(row->about.cause), "%s", usual[i].cause);
		snprintf(row->about.advice, sizeof(row->about.advice), "%s", usual[i].advice);
		return;
	}
}
