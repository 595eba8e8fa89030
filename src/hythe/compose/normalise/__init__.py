"""From the checked document to the model: short and long syntax become one."""
