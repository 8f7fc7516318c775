/* client_library.c - see client_library.h. */
#include "rules/client_library.h"

#include <dlfcn.h>
#include <string.h>

#include "base/err.h"

static int
find_symbols(const struct client_library *library, void *handle,
    const char *file, struct err *err)
{
	const struct client_library_symbol *s;
	void *address;

	for (s = library->symbols; s->name != NULL; s++) {
		address = dlsym(handle, s->name);
		if (address == NULL) {
			err_set(err, "%s has no %s", file, s->name);
			return -1;
		}
		/* POSIX, not C, says that this is the function's address. */
		memcpy((char *)library->functions + s->offset, &address,
		    sizeof address);
	}
	return 0;
}

static int
load(const struct client_library *library, struct err *err)
{
	void *handle = NULL;
	const char *const *file;

	for (file = library->files; *file != NULL; file++) {
		handle = dlopen(*file, RTLD_NOW | RTLD_LOCAL);
		if (handle != NULL)
			break;
	}
	if (handle == NULL) {
		err_set(err,
		    "the client library cannot be loaded (is the package %s "
		    "installed?): %s",
		    library->package, dlerror());
		return -1;
	}
	if (find_symbols(library, handle, *file, err) == 0)
		return 0;
	(void)dlclose(handle);
	return -1;
}

int
client_library_open(struct client_library *library, struct err *err)
{
	(void)pthread_mutex_lock(&library->lock);
	if (!library->loaded)
		library->loaded = load(library, err) == 0;
	(void)pthread_mutex_unlock(&library->lock);
	return library->loaded ? 0 : -1;
}
