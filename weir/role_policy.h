/* role_policy.h - the process of the policy server, as a command. */
#ifndef WEIR_ROLE_POLICY_H
#define WEIR_ROLE_POLICY_H

int role_policy(int argc, char **argv);

#endif
