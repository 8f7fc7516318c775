/* compiler.h - the supervisor has patterns compiled: roles ask, and one process
 * after the other, without rights, makes a file of the cache.  Single-threaded,
 * on the loop of a rollout. */
#ifndef WEIR_COMPILER_H
#define WEIR_COMPILER_H

struct buf;
struct compiler;
struct rollout;

/* compiler_new(rollout): for its roles.  compiler_free(): what is being
 * compiled is not finished. */
struct compiler *compiler_new(struct rollout *rollout);
void compiler_free(struct compiler *compiler);

/* compiler_give(compiler, fd): have the draft in ${fd} (taken) compiled, after
 * those that wait; one too many is forgotten. */
void compiler_give(void *compiler, int fd);

/* compiler_status(compiler, out): a line for weir status if there is work. */
void compiler_status(const struct compiler *compiler, struct buf *out);

#endif
