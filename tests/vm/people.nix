# A host from which people join, with the headless client of the tests.
{ }
