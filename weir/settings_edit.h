/* settings_edit.h - postconf -e, -X and -#: main.cf is changed in place. */
#ifndef WEIR_SETTINGS_EDIT_H
#define WEIR_SETTINGS_EDIT_H

struct err;

enum settings_edit {
	SETTINGS_EDIT_SET,     /* -e: name=value */
	SETTINGS_EDIT_REMOVE,  /* -X */
	SETTINGS_EDIT_COMMENT, /* -#: becomes a comment */
};

/*
 * settings_edit(dir, how, args, err):
 * Do so with each of ${args} (ended by NULL).  All other lines stay as they
 * are; what is new is added at the end.  -1 and the reason: nothing has
 * changed, because a value cannot be used, or the file not be replaced.
 * What nobody could parse before may stay so.
 * Waits while another postconf edits the same file.
 */
int settings_edit(const char *dir, enum settings_edit how, char *const *args,
    struct err *err);

#endif
