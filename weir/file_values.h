/* file_values.h - values that are the contents of files (postmap -F). */
#ifndef WEIR_FILE_VALUES_H
#define WEIR_FILE_VALUES_H

struct arena;
struct err;

/* file_values_read(arena, names, err): the contents of the files in ${names},
 * separated by commas and blanks, with a line break between, in base64.  NULL
 * and the reason. */
const char *
file_values_read(struct arena *arena, const char *names, struct err *err);

/* file_values_decode(arena, text): what is in base64 ${text}; NULL: it is
 * none. */
const char *file_values_decode(struct arena *arena, const char *text);

#endif
