/* SPDX-License-Identifier: MIT */
/* Violations of rules. */
#ifndef SIM_GROUND_VIOLATION_H
#define SIM_GROUND_VIOLATION_H

#if defined(SIM_ASAN) || defined(SIM_TSAN)
#define SIM_SANITIZED 1
#endif

/* Prints "sim: <rule>: <message>" and a stack, and aborts. */
_Noreturn void sim_violation(const char *rule, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
