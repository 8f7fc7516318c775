/* local_read_client.h - have the local role read a file. */
#ifndef DELIVERY_LOCAL_READ_CLIENT_H
#define DELIVERY_LOCAL_READ_CLIENT_H

struct delivery;
struct local_read;
struct local_text;

/* local_read_client(d, request, answer): blocks, with a deadline.  If the role
 * does not answer, that is LOCAL_TEXT_LATER. */
void local_read_client(struct delivery *d, const struct local_read *request,
    struct local_text *answer);

#endif
