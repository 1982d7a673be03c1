"""What five systems send, in the shape that they document."""

from __future__ import annotations

CONTACT = {
    "eventId": 3181526809,
    "subscriptionId": 25,
    "portalId": 62515,
    "appId": 54321,
    "occurredAt": 1772445600000,
    "subscriptionType": "contact.propertyChange",
    "attemptNumber": 0,
    "objectId": 1246965,
    "changeSource": "CRM_UI",
    "propertyName": "lifecyclestage",
    "propertyValue": "customer",
}
TICKET = {
    "account_id": 22129848,
    "detail": {
        "actor_id": "8447388090494",
        "assignee_id": "8447388090494",
        "created_at": "2026-03-01T08:00:00Z",
        "custom_status": "8447320465790",
        "description": "cannot log in",
        "external_id": None,
        "group_id": "8447320466430",
        "id": "5158",
        "priority": "LOW",
        "status": "SOLVED",
        "subject": "login",
        "tags": ["login"],
        "type": "TASK",
        "updated_at": "2026-03-02T10:00:00Z",
        "via": {"channel": "web_service"},
    },
    "event": {"current": "SOLVED", "previous": "OPEN"},
    "id": "2b24ef2d-9d4a-4f6b-a6d1-8a3c1f3b3b47",
    "subject": "zen:ticket:5158",
    "time": "2026-03-02T10:00:00.123456789Z",
    "type": "zen:event-type:ticket.status_changed",
    "zendesk_event_version": "2022-06-20",
}
ORDER = {
    "id": 820982911946154508,
    "admin_graphql_api_id": "gid://shopify/Order/820982911946154508",
    "created_at": "2026-03-01T16:09:54-05:00",
    "currency": "USD",
    "customer": {"id": 115310627314723954, "email": "john@example.com"},
    "email": "jon@example.com",
    "financial_status": "paid",
    "line_items": [
        {
            "id": 866550311766439020,
            "price": "199.00",
            "product_id": 632910392,
            "quantity": 1,
            "sku": "IPOD2008PINK",
            "title": "IPod Nano - 8GB",
        },
        {
            "id": 141249953214522974,
            "price": "29.50",
            "product_id": 632910393,
            "quantity": 2,
            "sku": "IPOD2008GREEN",
            "title": "Case",
        },
    ],
    "note_attributes": [
        {"name": "gift", "value": "no"},
        {"name": "prediction", "value": "u7-2026-03-01"},
    ],
    "order_number": 1234,
    "total_price": "258.00",
}
PRODUCT = {
    "id": 788032119674292922,
    "title": "Example T-Shirt",
    "handle": "example-t-shirt",
    "product_type": "Shirts",
    "created_at": None,
    "updated_at": "2026-03-01T16:05:34-05:00",
    "status": "archived",
    "variants": [{"id": 642667041472713922, "price": "19.99", "sku": "shirt-m"}],
}
TRACK = {
    "anonymousId": "23adfd82-aa0f-45a7-a756-24f2a7a4c895",
    "context": {"library": {"name": "analytics.js", "version": "2.11.1"}},
    "event": "Course Clicked",
    "messageId": "022bb90c-bbac-11e4-8dfc-aa07a5b093db",
    "originalTimestamp": "2026-03-02T08:23:37.054Z",
    "properties": {"title": "Intro", "prediction_id": "u9", "value": 12.5},
    "receivedAt": "2026-03-02T08:23:37.157Z",
    "timestamp": "2026-03-02T08:23:37.054Z",
    "type": "track",
    "userId": "AiUGstSDIg",
    "version": "1.1",
}
LEAD = {
    "Id": "00Q5e00001AbCdEEAV",
    "Status": "Closed - Converted",
    "LastModifiedDate": "2026-03-01T21:15:09.000+0000",
    "attributes": {"type": "Lead"},
}
OUTBOUND = b"""<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:xsd="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
   <OrganizationId>00D5e000001AbCd</OrganizationId>
   <ActionId>04k5e000000AbCd</ActionId>
   <SessionId xsi:nil="true"/>
   <EnterpriseUrl>https://example.my.salesforce.com/services/Soap/c/58.0</EnterpriseUrl>
   <PartnerUrl>https://example.my.salesforce.com/services/Soap/u/58.0</PartnerUrl>
   <Notification>
    <Id>04l5e000002nrC5AAI</Id>
    <sObject xsi:type="sf:Lead" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">
     <sf:Id>00Q5e00001AbCdEEAV</sf:Id>
     <sf:LastModifiedDate>2026-03-01T21:15:09.000Z</sf:LastModifiedDate>
     <sf:Status>Closed - Converted</sf:Status>
    </sObject>
   </Notification>
   <Notification>
    <Id>04l5e000002nrC6AAI</Id>
    <sObject xsi:type="sf:Lead" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">
     <sf:Id>00Q5e00001AbCdFEAV</sf:Id>
     <sf:LastModifiedDate>2026-03-01T21:15:10.000Z</sf:LastModifiedDate>
     <sf:Status>Working - Contacted</sf:Status>
    </sObject>
   </Notification>
  </notifications>
 </soapenv:Body>
</soapenv:Envelope>"""
