/* entries_edit.h - postconf -M, -F and -P with -e, -X or -#: master.cf is
 * changed in place. */
#ifndef WEIR_ENTRIES_EDIT_H
#define WEIR_ENTRIES_EDIT_H

struct err;

enum entries_edit {
	ENTRIES_EDIT_SET,     /* -e: service/type[/name]=value */
	ENTRIES_EDIT_REMOVE,  /* -X: service/type[/name] */
	ENTRIES_EDIT_COMMENT, /* -#: service/type becomes a comment */
};

/*
 * entries_edit(dir, what, how, args, err):
 * Do so with each of ${args} (ended by NULL); ${what} is 'M': services, 'F':
 * their fields, or 'P': their parameters.  A service that is changed is
 * written anew, one that is not there is added by -M; comments and all others
 * stay as they are.  -1 and the reason: nothing has changed.  Waits while
 * another postconf edits the same file.
 */
int entries_edit(const char *dir, char what, enum entries_edit how,
    char *const *args, struct err *err);

#endif
