/* store_pages.h - is the file of the store what LMDB can live on?
 *
 * liblmdb believes what it finds in its file: one octet that is not what was
 * written may end the process, have it go in circles, hide messages, or give
 * their pages to others.  What it relies on is checked here before it sees the
 * file: which of the two states of the whole is the last one, the pages of all
 * trees, their nodes, the order of their keys, the lists of free pages, and that
 * no page is used twice.  What the pages hold has seals of its own (envelope.h,
 * mark.h). */
#ifndef QUEUE_STORE_PAGES_H
#define QUEUE_STORE_PAGES_H

struct err;

/* store_pages_check(path, err): 0: whole, or there is no file; -1: it is not,
 * or cannot be read: ${err} says where.  Nobody may write meanwhile.  Reads all
 * pages but those within values: of 100,000 messages, a tenth of a second if they
 * are in memory, seconds if they are on a disk that has not read them yet. */
int store_pages_check(const char *path, struct err *err);

#endif
