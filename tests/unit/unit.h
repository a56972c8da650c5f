/* unit - what every C unit test includes: cmocka with the headers it wants, in the order it wants them. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
