/* The store with one octet of its file changed: no message is read otherwise
 * than it was written, what is wrong is said, and nothing dies of it.
 * Hostile 96, 97.  WEIR_SWEEP=all changes every octet. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { MESSAGES = 24, CHUNK = 8000 };
#include "t/store_sample.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STEP = 2003 };
#else
enum { STEP = 151 };
#endif

static int
try_with(size_t at, unsigned char octet)
{
	int status = 0, fd = open(path, O_WRONLY);
	unsigned char was = whole[at];
	pid_t pid;

	whole[at] = octet;
	if (fd < 0 || pwrite(fd, whole, used, 0) != (ssize_t)used)
		return -1;
	whole[at] = was;
	(void)close(fd);
	pid = fork();
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CPU, &(struct rlimit){ 2, 2 });
		if (freopen("/dev/null", "w", stderr) == NULL)
			abort();
		_exit((int)use());
	}
	(void)waitpid(pid, &status, 0);
	return status;
}

/* One octet at each ${step}-th place; what came of it is counted. */
static void
sweep(size_t step, size_t count[FOUND_DIED + 1])
{
	for (size_t at = 0; at < used; at += step) {
		unsigned char other =
		    whole[at] ^ (unsigned char)(1U << at / step % 8);
		int status = try_with(at, other);
		enum found found = FOUND_DIED;

		if (WIFEXITED(status) && WEXITSTATUS(status) < FOUND_DIED)
			found = (enum found)WEXITSTATUS(status);
		count[found]++;
		if (found >= FOUND_LOST)
			printf("# %zu: octet %zu of page %zu, from %d to %d\n",
			    (size_t)found, at % PAGE, at / PAGE, whole[at],
			    other);
	}
}

int
main(void)
{
	const char *env = secure_getenv("WEIR_SWEEP");
	bool all = env != NULL && strcmp(env, "all") == 0;
	size_t count[FOUND_DIED + 1] = { 0 }, tried = 0;

	ok(make_dir(), "a directory");
	ok(make(), "a store");
	ok(try_with(0, whole[0]) == 0, "which is whole");
	sweep(all ? 1 : STEP, count);
	for (int i = 0; i <= FOUND_DIED; i++)
		tried += count[i];
	printf("# of %zu: %zu did not matter, %zu were said, in %zu a message "
	       "was missed, %zu ended the process\n",
	    tried, count[FOUND_ALL], count[FOUND_REFUSED] + count[FOUND_SAID],
	    count[FOUND_LOST], count[FOUND_DIED]);
	ok(count[FOUND_SAID] > tried / 10, "most of what matters is said");
	ok(count[FOUND_OTHER] == 0, "nothing is read that was not written");
	ok(count[FOUND_DIED] == 0, "nothing ends the process");
	/* A queue id that is another one: only who asks for it misses it. */
	ok(count[FOUND_LOST] <= tried / 500 + 1, "hardly any is missed");
	free(whole);
	remove_store();
	return done_testing();
}
