"""Files that people and other programs exchange with this one."""
