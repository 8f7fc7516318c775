/* cmd_explain.h - weir explain: how a recent decision was made. */
#ifndef WEIR_CMD_EXPLAIN_H
#define WEIR_CMD_EXPLAIN_H

int cmd_explain(int argc, char **argv);

#endif
