/* pipe_macro.h - $name in the arguments of a pipe service's command. */
#ifndef DELIVERY_PIPE_MACRO_H
#define DELIVERY_PIPE_MACRO_H

struct arena;
struct pipe_request;
struct pipe_service;

/* pipe_macro_unknown(arena, text): what is wrong with ${text}: a name that is
 * no macro, or its syntax; NULL: nothing. */
const char *pipe_macro_unknown(struct arena *arena, const char *text);

/*
 * pipe_macro_argv(service, request, delimiters, arena):
 * The command's arguments, ended by NULL, in ${arena}.  One that says something
 * of a recipient stands there once for each.  Values are put in as they are:
 * no shell ever sees them.
 */
char *const *pipe_macro_argv(const struct pipe_service *service,
    const struct pipe_request *request, const char *delimiters,
    struct arena *arena);

#endif
