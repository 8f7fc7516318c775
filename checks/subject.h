/* subject.h - what is known so far about who and what is being judged. */
#ifndef CHECKS_SUBJECT_H
#define CHECKS_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/net.h"

struct arena;
struct event_by;
struct world;

/* How the client's name was found, as in XCLIENT and the test bench. */
enum subject_name {
	SUBJECT_NAME_OK,     /* name and address agree */
	SUBJECT_NAME_TEMP,   /* a look-up failed for now */
	SUBJECT_NAME_PERM,   /* there is no name */
	SUBJECT_NAME_FORGED, /* there is one; it does not have the address */
};

/*
 * The facts.  A text that is not known yet is NULL (helo before HELO, sender
 * before MAIL, recipient before RCPT); the null sender is "".  Texts live in
 * the session's arena (client, helo, login) or the mail's.
 */
struct subject {
	struct arena *arena; /* for what an evaluation allocates; reset with the
			      * mail transaction */
	struct world *world;
	const struct event_by *by; /* who logs; its qid is not looked at */

	const char *client_name; /* verified, or "unknown" */
	enum subject_name name_status;
	const char *reverse_name;         /* unverified PTR, or "unknown" */
	enum subject_name reverse_status; /* OK, TEMP or PERM */
	struct net_addr client;
	const char *client_addr; /* its text */
	const char *client_port; /* NULL: not known */
	const char *server_addr, *server_port;
	int64_t begun; /* the session, wall clock; 0: not known */

	const char *protocol; /* "SMTP"; "ESMTP" after EHLO */
	bool ehlo;            /* it is greeting by EHLO, which counts before
			       * the protocol has changed */
	const char *helo;
	const char *sender; /* as the client wrote it, internal form */
	const char *recipient;
	size_t recipient_count; /* accepted so far, of this message */
	int64_t size;           /* SIZE=, or real at end-of-data */
	const char *queue_id;   /* NULL before there is one */
	const char *instance;   /* constant for one message */
	const char *etrn_domain;
	bool utf8;      /* SMTPUTF8 was given */
	bool bdat;      /* the content comes by BDAT, not DATA */
	bool pipelined; /* it has sent commands before it might, in this
			 * session */

	const char *sasl_method, *sasl_username, *sasl_sender; /* or NULL */
	const char *tls_protocol, *tls_cipher; /* NULL: plain text */
	int tls_bits;
	const char *ccert_cn, *ccert_issuer, *ccert_fingerprint,
	    *ccert_pubkey_fingerprint; /* NULL: none */
	bool ccert_trusted;            /* if not, the names are only claimed */
	bool ccert_unasked; /* none is asked for: smtpd_tls_ask_ccert = no */
	bool local_rewrite; /* client is in local_header_rewrite_clients */
	/* Of another MTA that asks us; NULL: nobody does, or it says nothing. */
	const char *stress, *policy_context;
	const char *origin; /* of what has no client, as logged: "local"; or
			     * NULL */
};

#endif
