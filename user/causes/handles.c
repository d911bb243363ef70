// SPDX-License-Identifier: Apache-2.0
/*
 * Objects that stand for something outside: files, sockets, connections, cursors, pools.
 */
#include "cause.h"

struct handle {
	const char *class;
	const char *cause, *advice;
};

#define POOLED "Keep one for the whole program, or close each with a with statement: "

static const struct handle handles[] = {
	{ "requests.sessions.Session", "requests.Session objects are opened and kept",
	  POOLED "with requests.Session() as session:, for each brings its own connection pool." },
	{ "requests.models.Response", "requests' Response objects are kept",
	  "Keep response.json() or .text rather than the response, which holds body, history and "
	  "connection; close() those that are not read." },
	{ "urllib3.poolmanager.PoolManager", "urllib3 PoolManagers are made and kept",
	  POOLED "a PoolManager holds a pool of connections for each host." },
	{ "urllib3.connectionpool.ConnectionPool", "urllib3 connection pools are made and kept",
	  POOLED "each pool holds its connections open." },
	{ "urllib3.response.HTTPResponse", "urllib3 responses are kept",
	  "Keep response.data rather than the response, and release_conn() or close() each, so "
	  "that "
	  "its connection goes back to the pool." },
	{ "http.client.HTTPConnection", "HTTP connections are opened and kept",
	  "Close each connection when it is done with, and drop it; or use a pool." },
	{ "http.client.HTTPResponse", "HTTP responses are kept",
	  "Read and close each response, and keep only what was read." },
	{ "sqlalchemy.orm.session.Session", "SQLAlchemy Sessions are opened and kept",
	  "Close each after its unit of work, with Session() as session:, so that it gives its "
	  "objects and its connection back." },
	{ "sqlalchemy.engine.base.Engine", "SQLAlchemy engines are made and kept",
	  "Make one engine for a database and the whole program: each holds a connection pool." },
	{ "sqlalchemy.engine.base.Connection", "SQLAlchemy connections are taken and kept",
	  "Close each, with engine.connect() as connection:, so that it goes back to the pool." },
	{ "sqlalchemy.engine.result.ResultInternal", "SQLAlchemy results are kept",
	  "Take what is needed, result.all() or .scalars(), and close() the result: it holds its "
	  "cursor and its connection." },
	{ "sqlite3.Cursor", "sqlite3 cursors are opened and kept",
	  "Close each cursor once it was read, contextlib.closing(connection.cursor()), and keep "
	  "the "
	  "rows." },
	{ "sqlite3.Connection", "sqlite3 connections are opened and kept",
	  POOLED "contextlib.closing(sqlite3.connect(...)); "
		 "with connection: alone does not close." },
	{ "socket.socket", "sockets are opened and kept",
	  "Close each socket, with socket.create_connection(...) as connection:, and take it out "
	  "of where it is kept." },
	{ "_socket.socket", "sockets are opened and kept",
	  "Close each socket, with socket.create_connection(...) as connection:, and take it out "
	  "of where it is kept." },
	{ "subprocess.Popen", "subprocess.Popen objects are kept",
	  "wait() for each process and drop it: with subprocess.Popen(...) as process:." },
	{ "concurrent.futures._base.Executor", "executors are made and kept",
	  POOLED "with ThreadPoolExecutor(...) as pool:, for each keeps its threads." },
	{ "_io.BytesIO", "BytesIO buffers are kept",
	  "Keep what is needed of it, buffer.getvalue(), and only so much of it." },
	{ "_io.StringIO", "StringIO buffers are kept",
	  "Keep what is needed of it, buffer.getvalue(), and only so much of it." },
	{ "_io._IOBase", "files are opened and kept",
	  "Close each file, with open(...) as file:, and take it out of where it is kept." },
};

static bool kept(const struct scene *s, struct candidate *c)
{
	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
		if (scene_are(s, handles[i].class))
			return cause_say(c, handles[i].cause, handles[i].advice);
	return false;
}

static const struct cause table[] = { { "handles", kept } };

const struct cause_family causes_handles = CAUSE_FAMILY(table);
