// Gives the precompiled header a source that carries it.

#include "support/precompiled.hpp"
