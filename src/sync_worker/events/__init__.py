"""The events of the e-services: records in, events or rejections out."""
