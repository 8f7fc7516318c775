/* config_file.h - main.cf and master.cf as they are edited: line by line, so
 * that comments and layout stay, and whole or not at all. */
#ifndef WEIR_CONFIG_FILE_H
#define WEIR_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct err;

/* A file that is being edited: nobody else edits it meanwhile. */
struct config_file {
	char *path; /* of the file itself, if the name is that of a link */
	int lock;
	struct buf old, new; /* what it says, and what it will */
};

/*
 * config_file_open(file, path, err):
 * Read the file at ${path}, which stays locked until it is closed; waits until
 * another one's edit is done.  -1 and the reason.
 * config_file_commit(file, err): put ${file}->new in its place, durable, with
 * the same owner, group and mode; all at once, so that who reads it meanwhile,
 * or after a crash, finds the old text or the new one.  -1 and the reason: it
 * is as it was.
 */
int
config_file_open(struct config_file *file, const char *path, struct err *err);
int config_file_commit(struct config_file *file, struct err *err);
void config_file_close(struct config_file *file);

/* What a physical line is to the parser. */
enum config_line {
	CONFIG_LINE_COMMENT, /* or empty */
	CONFIG_LINE_START,
	CONFIG_LINE_MORE, /* of the logical line before it */
};

/* config_file_line(cursor, line, len): the next physical line of the text at
 * *cursor, ${len} octets with its newline, if it has one; false at the end. */
bool config_file_line(const char **cursor, const char **line, size_t *len,
    enum config_line *kind);

/* config_file_copy(file, line, len): the line stays.
 * config_file_comment(file, line, len): it becomes a comment.
 * config_file_add(file, text): a text of whole lines follows. */
void config_file_copy(struct config_file *file, const char *line, size_t len);
void
config_file_comment(struct config_file *file, const char *line, size_t len);
void config_file_add(struct config_file *file, const char *text);

#endif
