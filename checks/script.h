/* script.h - a world whose answers are written in a file, for weir test.
 *
 *	name A|AAAA|MX|NS|TXT|CNAME|PTR data   a record; "*.below" names all
 *	name SERVFAIL                          that name cannot be asked
 *	policy ENDPOINT action                 what a policy service answers
 *	probe ADDRESS ok|bad|unknown|failed [text]
 *	table TYPE:NAME                        that table has nothing
 *	memory NAME away | [number ...]        what that decision comes to
 *	# a comment
 *
 * Names without a record, and without others below them, do not exist.  Other
 * tables, and clocks, are real; what other decisions remember begins with
 * nothing and ends with the script. */
#ifndef CHECKS_SCRIPT_H
#define CHECKS_SCRIPT_H

struct err;
struct world;

/* script_open(path, err): NULL and "file:line: why" in ${err} if it cannot be
 * read or is malformed. */
struct world *script_open(const char *path, struct err *err);

/* script_new(): a world of which nothing is known yet.
 * script_add(world, line): one line more; -1: it is none. */
struct world *script_new(void);
int script_add(struct world *world, const char *line);

/* script_pass(world): from now on decisions with memory that no line speaks of
 * have nothing against any mail. */
void script_pass(struct world *world);
void script_close(struct world *world);

#endif
