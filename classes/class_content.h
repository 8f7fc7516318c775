/* class_content.h - the content checks of restriction classes: of class NAME the
 * parameters NAME_header_checks, NAME_body_checks and so on.  They judge for the
 * recipients whose evaluation has come to the class. */
#ifndef CLASSES_CLASS_CONTENT_H
#define CLASSES_CLASS_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct attachment_checks;
struct conf;
struct content_lists;
struct err;
struct text_checks;

/* What becomes of a recipient whose class refuses a message, if the client
 * cannot be told so because others take it. */
enum class_content_action {
	CLASS_CONTENT_HOLD,
	CLASS_CONTENT_DISCARD,
	CLASS_CONTENT_REDIRECT,
};

struct class_content {
	const char *class;
	struct content_lists *lists;
	struct text_checks *text;              /* NULL: there are none */
	struct attachment_checks *attachments; /* likewise */
	enum class_content_action action;
	const char *redirect; /* an address */
};

/* Of all classes that have some.  Immutable; any thread. */
struct class_content_all {
	struct arena *arena;
	struct class_content *list;
	size_t count;
	bool blocks; /* a look-up may block; not for a loop */
};

/*
 * class_content_open(conf, header_size, line_length, err):
 * Open those of the classes in smtpd_restriction_classes of ${conf} (a service's
 * view); ${header_size} and ${line_length} are header_size_limit and
 * line_length_limit.  NULL: no class has any.  Mistakes are gathered in ${err},
 * "file:line: text" per line; a table that cannot be opened cannot be asked.
 */
struct class_content_all *class_content_open(
    struct conf *conf, size_t header_size, size_t line_length, struct err *err);
void class_content_close(struct class_content_all *all);

/* class_content_find(all, class, n): of the class whose name is the ${n} octets
 * at ${class}; NULL: it has none. */
const struct class_content *class_content_find(
    const struct class_content_all *all, const char *class, size_t n);

/* class_content_has(conf, class): the class has content checks. */
bool class_content_has(const struct conf *conf, const char *class);

/* class_content_each_name(class, fn, arg): call ${fn} with each name of a
 * parameter that a class may have; the text is of the call. */
void class_content_each_name(
    const char *class, void (*fn)(void *arg, const char *name), void *arg);

#endif
