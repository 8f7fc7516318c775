/* What main.cf says here is what Postfix's own postconf says it says. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base_params.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/spawn.h"
#include "t/tap.h"

static const struct param_table *const tables[] = { &base_params_table, NULL };
static char postconf[] = "/usr/sbin/postconf";

/* Any parameters whose values are texts will do. */
static const char *const cases[][2] = {
	{ "smtpd_banner", "$myhostname ESMTP  $$x" },
	{ "myorigin", "$mydomain" },
	{ "mydestination",
	    "$myhostname, localhost.$mydomain\n\t, $o\n# c\n x" },
	{ "relayhost", "[${o?x}${o:y}${e?x}${e:y}]" },
	{ "relay_domains", "${o?{ x }}/${o ? { x } : { y }}/${o ? z}" },
	{ "local_recipient_maps", "${{v} == {$o}?{same}:{other}}" },
	{ "alias_maps", "${{007} == {7}},${{10} > {9}},${{a10} > {a9}}" },
	{ "virtual_alias_maps", "${{3.9} <level {3.10}},${{2} >=level {3.6}}" },
	{ "canonical_maps", "$(o)${o}$o-$o.$oo" },
	{ "transport_maps", "${oo?${o?${o?deep}}}" },
	{ "recipient_delimiter", "" },
	{ "header_checks", "a = b" },
	{ "body_checks", "${e?{1}:{${o:2}${o?3}}}" },
	{ "mynetworks", "127.0.0.0/8  [::1]/128" },
	{ "smtpd_client_restrictions", "# no comment" },
	{ "smtpd_helo_restrictions", "${ee?set}${ee:unset}" },
	{ "smtpd_sender_restrictions", "{a, b} c" },
	{ "smtp_helo_name", "${{}<{5}}${{ 7}=={7}}${{-7}=={-07}}" },
};
static const char others[] = "o = v\noo = $o$o\ne =\nee = $e\n";
enum { COUNT = sizeof cases / sizeof *cases };

/* Run postconf on the values and gather what it says, a line each. */
static int
ask(const char *dir, int fd)
{
	char directory[64], flags[] = "-xh", option[] = "-c";
	char names[COUNT][64];
	char *argv[COUNT + 5] = { postconf, option, directory, flags };
	const struct spawn_fd fds[] = { { .from = fd, .to = 1 } };
	const struct spawn spawn = {
		.path = postconf, .argv = argv, .fds = fds, .nfds = 1
	};
	struct err err = { 0 };
	int status = -1;
	pid_t pid;

	(void)snprintf(directory, sizeof directory, "%s", dir);
	for (size_t i = 0; i < COUNT; i++) {
		(void)snprintf(names[i], sizeof names[i], "%s", cases[i][0]);
		argv[4 + i] = names[i];
	}
	pid = spawn_run(&spawn, &err);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		printf("# %s\n", err.text);
	return status;
}

/* postconf prints one blank for any white space, and none at the ends. */
static const char *
squeeze(const char *text, struct arena *arena)
{
	char *copy = arena_strdup(arena, text), *to = copy;

	for (const char *p = text; *p != '\0'; p++) {
		if (strchr(" \t\n", *p) == NULL)
			*to++ = *p;
		else if (to > copy && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > copy && to[-1] == ' ')
		to--;
	*to = '\0';
	return copy;
}

static void
compare(const char *dir, char *said)
{
	struct arena *arena = arena_new();
	struct err err = { 0 };
	struct conf *conf = conf_read(dir, tables, &err);
	const char *got;
	char *save = said, *line;

	ok(conf != NULL, "our reader takes it, too %s", err.text);
	for (size_t i = 0; i < COUNT && conf != NULL; i++) {
		line = strsep(&save, "\n");
		got = conf_get(conf, cases[i][0], arena, &err);
		if (got != NULL)
			got = squeeze(got, arena);
		ok(got != NULL && line != NULL && strcmp(got, line) == 0,
		    "%s = %s", cases[i][0], line != NULL ? line : "");
		if (got == NULL || line == NULL || strcmp(got, line) != 0)
			printf(
			    "# \"%s\" %s\n", got != NULL ? got : "", err.text);
	}
	conf_free(conf);
	arena_free(arena);
}

int
main(void)
{
	char dir[] = "/tmp/weir-conf-XXXXXX", path[64], said[8192] = "";
	struct buf text = { 0 };
	FILE *out;

	if (access(postconf, X_OK) != 0) {
		ok(1, "postconf # SKIP not installed");
		return done_testing();
	}
	buf_puts(&text, others);
	for (size_t i = 0; i < COUNT; i++)
		buf_printf(&text, "%s = %s\n", cases[i][0], cases[i][1]);
	ok(mkdtemp(dir) != NULL, "a directory");
	(void)snprintf(path, sizeof path, "%s/main.cf", dir);
	out = fopen(path, "we");
	ok(out != NULL && fputs(buf_str(&text), out) >= 0 && fclose(out) == 0,
	    "main.cf");
	out = tmpfile();
	ok(out != NULL && ask(dir, fileno(out)) == 0, "postconf ran");
	ok(out != NULL && pread(fileno(out), said, sizeof said - 1, 0) > 0,
	    "and answered");
	compare(dir, said);
	if (out != NULL)
		(void)fclose(out);
	(void)unlink(path);
	(void)rmdir(dir);
	buf_free(&text);
	return done_testing();
}
