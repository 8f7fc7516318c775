/* milterd_mta.h - the changes of a message that an MTA can be told to make. */
#ifndef POLICY_MILTERD_MTA_H
#define POLICY_MILTERD_MTA_H

#include <stdbool.h>
#include <stddef.h>

struct smfi_str;

/* Each call: false, the MTA does not take it.  Texts are not kept. */
struct milterd_mta_ops {
	/* A new header, before number ${place} of all, counted as Sendmail does;
	 * 0: before the MTA's own. */
	bool (*insert)(
	    void *arg, unsigned place, const char *name, const char *value);
	/* Another value for number ${nth} of that name; NULL: it goes. */
	bool (*edit)(
	    void *arg, unsigned nth, const char *name, const char *value);
	/* One more piece of another body. */
	bool (*body)(void *arg, const unsigned char *data, size_t n);
	/* Recipients, as in SMTP. */
	bool (*remove)(void *arg, const char *address);
	bool (*add)(void *arg, const char *address);
	bool (*quarantine)(void *arg, const char *why);
};

struct milterd_mta {
	const struct milterd_mta_ops *ops;
	void *arg;
	bool blanks; /* values have the blank behind the colon */
};

/* milterd_mta_of(ctx, blanks): the one that libmilter speaks with. */
struct milterd_mta milterd_mta_of(struct smfi_str *ctx, bool blanks);

#endif
