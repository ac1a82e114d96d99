"""The panel's sections, a function a file that draws one."""
