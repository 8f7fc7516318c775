/* state_visit.c - see state_visit.h. */
#include "base/state_visit.h"

#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/spawn.h"
#include "base/state.h"

struct state *
state_visit(const char *dir, struct err *err)
{
	struct stat st;

	/* A link of root's may be followed; anybody else's is his own. */
	if (lstat(dir, &st) != 0 || (st.st_uid == 0 && stat(dir, &st) != 0)) {
		err_set(err, "%s: %s", dir, err_errno(errno));
		return NULL;
	}
	if (geteuid() == 0 && st.st_uid != 0 &&
	    spawn_become(st.st_uid, st.st_gid) != 0) {
		err_set(err, "%s: cannot go on as its owner: %s", dir,
		    err_errno(errno));
		return NULL;
	}
	return state_open(dir, err);
}
