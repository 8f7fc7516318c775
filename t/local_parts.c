/* The parts of the local agent: what an alias names, a recipient's target,
 * names and templates, requests of the local role, commands.
 * Seeds F-70 to F-76, P-037; hostile 130, 132, 135. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/frame.h"
#include "delivery/local_command.h"
#include "delivery/local_name.h"
#include "delivery/local_read.h"
#include "delivery/local_run.h"
#include "delivery/local_target.h"
#include "delivery/local_words.h"
#include "t/tap.h"

static struct arena *arena;

/* "a:x c:y" for the words of ${text}. */
static const char *
words(const char *text, bool file)
{
	static const char letters[] = { [LOCAL_WORD_ADDRESS] = 'a',
		[LOCAL_WORD_COMMAND] = 'c',
		[LOCAL_WORD_FILE] = 'f',
		[LOCAL_WORD_INCLUDE] = 'i' };
	struct local_word *list;
	size_t n = file ? local_words_file(arena, text, &list)
			: local_words(arena, text, &list);
	const char *all = "";

	for (size_t i = 0; i < n; i++)
		all = arena_printf(arena, "%s%s%c:%s", all, i > 0 ? " " : "",
		    letters[list[i].kind], list[i].text);
	return all;
}

static void
test_words(void)
{
	is(words("kdent", false), "a:kdent", "F-73: an address");
	is(words("a, b@c,,d", false), "a:a a:b@c a:d", "F-70: several");
	is(words("a b", false), "a:a a:b", "without a comma");
	is(words("\"|/bin/x -a \\\"b c\\\"\"", false), "c:/bin/x -a \"b c\"",
	    "F-73: a command");
	is(words("|/bin/x", false), "c:/bin/x", "without quotes");
	is(words("|\"/bin/x a\", y", false), "c:/bin/x a a:y",
	    "quotes behind the bar");
	is(words("/var/a, \"/var/a b\"", false), "f:/var/a f:/var/a b",
	    "F-73: files");
	is(words(":include:/a/b, c, \":include:/d e\"", false),
	    "i:/a/b a:c i:/d e", "F-73: include files");
	is(words(":INCLUDE:/a b", false), "i:/a a:b", "in capitals");
	is(words("Some One <a@b>, (no) \"q q\"@c, c (not, this)", false),
	    "a:a@b a:q q@c a:c", "names and comments");
	is(words("", false), "", "nothing");
	is(words(" , ,", false), "", "nothing but commas");
	is(words("|", false), "", "no command");
	is(words("a,\nb\n# c, d\n\n\"|e f\"\n#g", true), "a:a a:b c:e f",
	    "F-76: a file");
	is(words("\"unclosed, x\nb", true), "a:unclosed, x a:b",
	    "a quote ends with its line");
}

static void
test_target(void)
{
	struct local_target t = { .kind = LOCAL_COMMAND,
		.owner = "anna",
		.delivered = "list@example.com",
		.dsn = "",
		.text = "echo a\necho b" };
	struct local_target got;
	const char *text = local_target_print(arena, &t);

	ok(local_target_parse(arena, text, &got) && got.kind == t.kind &&
		strcmp(got.owner, "anna") == 0 &&
		strcmp(got.delivered, "list@example.com") == 0 &&
		strcmp(got.text, t.text) == 0,
	    "a target, printed and read");
	ok(!local_target_parse(arena, "", &got), "none");
	ok(!local_target_parse(arena, "zx\ny\n\n", &got), "an unknown kind");
	ok(!local_target_parse(arena, "canna\nx", &got), "cut short");
	ok(!local_target_parse(arena, "fanna\nx\n\nrelative", &got),
	    "a relative path");
	ok(!local_target_parse(arena, "r\nx\n2.0.0\nok", &got),
	    "a refusal that is none");
}

static const char *
expand(const char *template, const struct local_values *values)
{
	bool whole;
	const char *text = local_name_expand(arena, template, values, &whole);

	return text != NULL && whole ? text : "-";
}

static void
test_names(void)
{
	char home[] = "/home/kdent", shell[] = "/bin/sh", user[] = "kdent";
	struct passwd pw = {
		.pw_name = user, .pw_dir = home, .pw_shell = shell
	};
	struct local_name n;
	struct local_values v = { .name = &n, .user = &pw, .delimiters = "+-" };

	local_name(arena, "KDent-Books@Example.com", "+-", &n);
	is(n.local, "kdent-books", "the local part, in small letters");
	is(n.user, "kdent", "the user");
	is(n.extension, "books", "the extension");
	is(n.domain, "Example.com", "the domain");
	is(expand("$home/.forward${recipient_delimiter}${extension}", &v),
	    "/home/kdent/.forward-books", "P-037: forward_path");
	is(expand("$user $shell $recipient $domain $local", &v),
	    "kdent /bin/sh KDent-Books@Example.com Example.com kdent-books",
	    "P-037: its names");
	is(expand("$nothing", &v), "-", "a name without a value");
	v.filter = "abcdefghijklmnopqrstuvwxyz/";
	is(expand("$local", &v), "kdent_books", "forward_expansion_filter");
	local_name(arena, "kdent@x", "+", &n);
	is(expand("$home/.forward${recipient_delimiter}${extension}", &v), "-",
	    "no extension: no such place");
	local_name(arena, "kdent+a/../b@x", "+", &n);
	ok(n.extension == NULL && n.odd && strcmp(n.user, "kdent") == 0,
	    "132: an extension with a slash is none");
	local_name(arena, "owner-list@x", "-", &n);
	is(n.user, "owner-list", "owner- is no extension");
	local_name(arena, "x+y", "", &n);
	is(n.user, "x+y", "without a delimiter there are none");
}

static struct frame
frame_of(const struct buf *b)
{
	struct frame f = { 0 };
	size_t used;

	(void)frame_get(b->data, b->len, &f, &used);
	return f;
}

static bool
takes_variable(const char *variable)
{
	struct local_command c = { .owner = "",
		.text = "x",
		.directory = "",
		.head = "",
		.env = &variable,
		.nenv = 1 };
	struct buf b = { 0 };
	struct local_command got;
	struct frame f;
	bool taken;

	local_command_print(&c, &b);
	f = frame_of(&b);
	taken = local_command_parse(&f, arena, &got);
	buf_free(&b);
	return taken;
}

static bool
takes_path(bool include, const char *user, const char *path)
{
	struct local_read r = { .include = include,
		.user = user,
		.home = "",
		.paths = &path,
		.npaths = 1 };
	struct local_read got;
	struct buf b = { 0 };
	struct frame f;
	bool taken;

	local_read_print(&r, &b);
	f = frame_of(&b);
	taken = local_read_parse(&f, arena, &got);
	f.len--;
	taken = taken && !local_read_parse(&f, arena, &got);
	buf_free(&b);
	return taken;
}

static void
test_requests(void)
{
	ok(takes_variable("SENDER=a@b"), "a variable of ours");
	ok(!takes_variable("LD_PRELOAD=/tmp/x.so"), "130: no other");
	ok(!takes_variable("SENDERS=x"), "nor one that begins like it");
	ok(!takes_variable("SENDER"), "nor one without a value");
	ok(takes_path(false, "anna", "/home/anna/.forward"), "a .forward file");
	ok(takes_path(true, "", "/a"), "an :include: file");
	ok(!takes_path(false, "", "/a"), "135: as nobody");
	ok(!takes_path(true, "", "a"), "135: a relative path");
}

static const char *
argv(const char *text, const char *shell)
{
	char **list = local_run_argv(text, shell, arena);
	const char *all = "";

	for (size_t i = 0; list[i] != NULL; i++)
		all = arena_printf(arena, "%s[%s]", all, list[i]);
	return all;
}

static void
test_commands(void)
{
	is(argv("/bin/x -a b", ""), "[/bin/x][-a][b]", "no shell is needed");
	is(argv("cat -n", ""), "[cat][-n]", "found in /usr/bin or /bin");
	is(argv("/bin/x | y", ""), "[/bin/sh][-c][/bin/x | y]", "a pipe is");
	is(argv("/bin/x \"$USER\"", ""), "[/bin/sh][-c][/bin/x \"$USER\"]",
	    "a variable");
	is(argv("exit 75", ""), "[/bin/sh][-c][exit 75]", "a shell's own word");
	is(argv("/bin/x a", "/bin/rsh -c"), "[/bin/rsh][-c][/bin/x a]",
	    "local_command_shell");
	is(argv("", ""), "[/bin/sh][-c][]", "nothing");
}

int
main(void)
{
	arena = arena_new();
	test_words();
	test_target();
	test_names();
	test_requests();
	test_commands();
	arena_free(arena);
	return done_testing();
}
