/* Libraries that are loaded when they are needed. */
#include "rules/client_library.h"

#include <string.h>

#include "base/err.h"
#include "t/tap.h"

static struct {
	size_t (*length)(const char *text);
} functions;

static const char *
load(const char *file, const char *symbol)
{
	static struct err err;
	struct client_library library = {
		.files = (const char *const[]){ "libnosuch.so.0", file, NULL },
		.package = "libsuch0",
		.symbols =
		    (const struct client_library_symbol[]){
			{ symbol, 0 }, { NULL, 0 } },
		.functions = &functions,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};

	err.text[0] = '\0';
	functions.length = NULL;
	return client_library_open(&library, &err) == 0 &&
		client_library_open(&library, &err) == 0 && library.loaded
	    ? "loaded"
	    : err.text;
}

int
main(void)
{
	is(load("libc.so.6", "strlen"), "loaded", "the second name");
	ok(functions.length != NULL && functions.length("four") == 4,
	    "its function");
	is(load("libc.so.6", "no_such_function"),
	    "libc.so.6 has no no_such_function", "a function that is missing");
	is(load(NULL, "strlen"),
	    "the client library cannot be loaded (is the package libsuch0 "
	    "installed?): libnosuch.so.0: cannot open shared object file: No "
	    "such file or directory",
	    "a library that is");
	return done_testing();
}
