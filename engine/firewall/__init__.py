"""Pure: may this exact order leave? Rules, rate budgets and the gate; there is no bypass."""
