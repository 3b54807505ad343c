#error "nothing below the modules sees httpd.h: pass what is needed through okapi_host_t"
