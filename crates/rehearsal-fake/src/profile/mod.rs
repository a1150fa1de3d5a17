//! Hardware, model and engine settings as data, with a source for every number.
