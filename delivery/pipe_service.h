/* pipe_service.h - a pipe service of master.cf: which command, as whom, and how
 * the message is given to it (pipe(8) of Postfix). */
#ifndef DELIVERY_PIPE_SERVICE_H
#define DELIVERY_PIPE_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "delivery/owner.h"

struct arena;
struct conf;
struct err;
struct master_service;

enum pipe_flag {
	PIPE_BLANK = 1,        /* B: an empty line behind the message */
	PIPE_DELIVERED = 2,    /* D: Delivered-To: in front */
	PIPE_FROM = 4,         /* F: a "From " line in front */
	PIPE_ORIGINAL = 8,     /* O: X-Original-To: in front */
	PIPE_RETURN = 16,      /* R: Return-Path: in front */
	PIPE_FINAL = 32,       /* X: it is a mailbox, no way onwards */
	PIPE_FOLD_DOMAIN = 64, /* h: next hop and domains in small letters */
	PIPE_QUOTE = 128,      /* q: local parts as they stand in SMTP */
	PIPE_FOLD_USER = 256,  /* u: local parts in small letters */
	PIPE_DOT = 512,        /* .: "." at the start of a line is doubled */
	PIPE_QUOTE_FROM = 1024 /* >: ">" before "From " in the message */
};

struct pipe_service {
	const char *name;
	unsigned flags; /* enum pipe_flag */
	struct owner owner;
	const char *root;        /* of its file system; NULL: ours */
	const char *directory;   /* NULL: queue_directory, or ${root} */
	const char *eol;         /* the end of a line */
	const char *null_sender; /* what ${sender} is when it is <> */
	uint64_t size;           /* of a message, octets; 0: any */
	int64_t time_limit;      /* of the command, ns */
	char *const *argv;       /* with macros, ended by NULL */
};

/*
 * pipe_service_read(service, conf, arena, p, err):
 * Understand the arguments of ${service} (they stay where they are).  0; -1 and
 * the mistake with its place.  What Postfix overlooks is a warning.
 */
int pipe_service_read(const struct master_service *service, struct conf *conf,
    struct arena *arena, struct pipe_service *p, struct err *err);

#endif
