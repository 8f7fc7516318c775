/* Postfix's .db files, where there is nothing else: as its postmap makes them,
 * while it makes them, and damaged. */
#include "rules/berkeley.h"

#include <sys/file.h>
#include <sys/wait.h>

#include "rules/index_draft.h"
#include "t/servers.h"

enum { PAIRS = 3000, LINE = 100 };

static const char postmap[] = "/usr/sbin/postmap";

/* Have Postfix make ${name}.db of a text that does not stay. */
static void
make_db(const char *type, const char *name, const char *text)
{
	char command[4 * PATH_MAX];

	put_file(name, text);
	(void)snprintf(command, sizeof command, "MAIL_CONFIG=%s %s %s:%s",
	    tables_dir, postmap, type, path_of(name));
	shell(command);
	(void)unlink(path_of(name));
}

/* Many pairs with ${value}, and one that needs pages of its own. */
static const char *
many(char value)
{
	static char text[PAIRS * 40 + 10000];
	size_t n = 0;

	for (int i = 0; i < PAIRS; i++)
		n += (size_t)snprintf(text + n, sizeof text - n,
		    "key%d %c%c%c%c%c%c%c%c%c%c\n", i, value, value, value,
		    value, value, value, value, value, value, value);
	n += (size_t)snprintf(text + n, sizeof text - n, "long ");
	memset(text + n, value, 8000);
	(void)snprintf(text + n + 8000, sizeof text - n - 8000, "\n");
	return text;
}

static void
test_types(void)
{
	static const char *const types[] = { "hash", "btree" };
	struct stat st;
	struct table *t;

	for (unsigned i = 0; i < 2; i++) {
		make_db(types[i], types[i], "Key value\nother a b\nu@d x\n");
		t = open_file(types[i], types[i]);
		is(ask(t, "KEY"), "value", "%s", types[i]);
		is(ask(t, "other"), "a b", "another");
		is(ask(t, "none"), "-", "not there");
		ok(table_flags(t) == (TABLE_FOLDS | TABLE_MAY_BLOCK),
		    "what callers must know");
		table_close(t);
	}
	ok(stat(path_of("hash.widx"), &st) != 0, "no index is made");
	t = open_file("btree", "hash");
	is(ask(t, "key"), "value", "one by another name");
	ok(servers_jailed(t, "key", "value"), "in the jail");
	table_close(t);
	make_db("hash", "many", many('a'));
	t = open_file("hash", "many");
	is(ask(t, "key2999"), "aaaaaaaaaa", "many");
	ok(strlen(ask(t, "long")) == 2047, "and a long one");
	table_close(t);
	is(collect(), "", "nothing is logged");
}

/* The text, and our own index, count more. */
static void
test_order(void)
{
	struct table *t;

	make_db("hash", "o", "key of db\n");
	t = open_file("hash", "o");
	is(ask(t, "key"), "of db", "only a .db");
	make_db("hash", "o", "key of new db\n");
	age("o.db", 5);
	seconds_later(2);
	is(ask(t, "key"), "of new db", "a new one is taken up");
	put_file("o", "key of text\n");
	age("o", 5);
	seconds_later(2);
	is(ask(t, "key"), "of text @o:1", "when there is a text, that counts");
	table_close(t);
	(void)unlink(path_of("o"));
	t = open_file("hash", "o");
	is(ask(t, "key"), "of text @o:1", "and the index without a text");
	table_close(t);
	(void)collect();
}

/* Every look-up while Postfix writes says the old or the new. */
static void
test_rewriting(void)
{
	struct table *t;
	unsigned old = 0, new = 0, other = 0;
	const char *answer;
	int status;
	pid_t pid;

	make_db("hash", "r", many('a'));
	t = open_file("hash", "r");
	/* By another name, so that the text is not this table's. */
	ok(symlink(path_of("r.db"), path_of("w.db")) == 0, "another name");
	put_file("a", many('a'));
	put_file("b", many('b'));
	pid = fork();
	if (pid == 0) {
		char command[2 * PATH_MAX];

		(void)snprintf(command, sizeof command,
		    "cd %s && for f in b a b a b; do cp $f w && "
		    "MAIL_CONFIG=. %s hash:w || exit 1; done; "
		    "for f in a b; do "
		    "MAIL_CONFIG=. %s -ir hash:w <$f || exit 1; done",
		    tables_dir, postmap, postmap);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(1);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct table *again = open_file("hash", "r");

		answer = ask(t, "key1500");
		old += strcmp(answer, "aaaaaaaaaa") == 0;
		new += strcmp(answer, "bbbbbbbbbb") == 0;
		other += strcmp(answer, "aaaaaaaaaa") != 0 &&
		    strcmp(answer, "bbbbbbbbbb") != 0;
		table_close(again);
		seconds_later(2);
	}
	ok(status == 0 && other == 0, "%u old, %u new, and %u other answers",
	    old, new, other);
	age("r.db", 5);
	seconds_later(2);
	is(ask(t, "key1500"), "bbbbbbbbbb", "the new ones in the end");
	table_close(t);
	(void)collect();
}

static void
test_locked(void)
{
	struct table *t;
	int fd;

	make_db("hash", "l", "key value\n");
	fd = open(path_of("l.db"), O_RDWR);
	ok(flock(fd, LOCK_EX) == 0, "somebody writes");
	t = open_file("hash", "l");
	ok(strstr(ask(t, "key"), "l.db: locked by a writer") != NULL,
	    "and goes on for too long");
	(void)close(fd);
	seconds_later(2);
	is(ask(t, "key"), "value", "then it is asked");
	table_close(t);
	(void)collect();
}

/* Hostile row 59: whatever is wrong with a file is no crash. */
static void
test_damage(const char *type)
{
	static char whole[1 << 20], changed[1 << 20];
	unsigned fine = 0, bad = 0;
	unsigned seed = 42;
	struct err err;
	struct stat st;
	ssize_t n;
	int fd;

	make_db(type, "d", many('a'));
	fd = open(path_of("d.db"), O_RDONLY);
	n = read(fd, whole, sizeof whole);
	(void)close(fd);
	for (int i = 0; i < 200; i++) {
		struct index_draft *draft = index_draft_new();

		memcpy(changed, whole, (size_t)n);
		for (int j = 0; j < 4; j++) {
			seed = seed * 1103515245 + 12345;
			changed[(seed >> 8) % (unsigned)n] = (char)(seed >> 4);
			seed = seed * 1103515245 + 12345;
			/* Where pages say what they are. */
			changed[(seed >> 8) % (unsigned)n / 4096 * 4096 +
			    (seed >> 5) % 32] = (char)(seed >> 4);
		}
		fd = open(path_of("d.db"), O_WRONLY | O_TRUNC);
		if (write(fd, changed,
			i % 10 == 0 ? (size_t)n / 10 : (size_t)n) < 0)
			abort();
		(void)close(fd);
		err = (struct err){ "" };
		if (berkeley_read(path_of("d.db"), draft, &st, &err) == 0)
			fine++;
		else
			bad += err.text[0] != '\0';
		index_draft_free(draft);
	}
	ok(fine + bad == 200 && bad > 100,
	    "%s: %u damaged files are told from %u that are whole", type, bad,
	    fine);
}

static void
test_mistakes(void)
{
	struct table *t;

	put_file("text.db", "this is not a database\n");
	t = open_file("hash", "text");
	ok(strncmp(ask(t, "k"), "!open database ", 15) == 0,
	    "something else: %s", ask(t, "k"));
	table_close(t);
	put_file("empty.db", "");
	t = open_file("hash", "empty");
	ok(ask(t, "k")[0] == '!', "an empty file: %s", ask(t, "k"));
	table_close(t);
	(void)mkdir(path_of("dir.db"), 0700);
	t = open_file("hash", "dir");
	ok(ask(t, "k")[0] == '!', "a directory: %s", ask(t, "k"));
	table_close(t);
	(void)collect();
}

int
main(void)
{
	if (access(postmap, X_OK) != 0) {
		printf("1..0 # SKIP no Postfix\n");
		return 0;
	}
	tables_begin();
	put_file("main.cf", "compatibility_level = 3.6\n");
	put_file("master.cf", "");
	test_types();
	test_order();
	test_rewriting();
	test_locked();
	test_damage("hash");
	test_damage("btree");
	test_mistakes();
	return tables_end();
}
