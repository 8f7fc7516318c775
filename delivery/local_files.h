/* local_files.h - the local role reads .forward and :include: files, with the
 * rights of those whose files they are. */
#ifndef DELIVERY_LOCAL_FILES_H
#define DELIVERY_LOCAL_FILES_H

struct arena;
struct local_read;
struct local_rights;
struct local_text;

/* local_files_read(rights, request, arena, answer): in a process of its own,
 * which changes its rights for good. */
void local_files_read(const struct local_rights *rights,
    const struct local_read *request, struct arena *arena,
    struct local_text *answer);

#endif
